/**
 * Whether an admin address would be open to everybody. Asked before anything starts.
 */
import { formatAddress } from '../../config/addresses.ts';
import { isLoopback } from '../../config/hosts.ts';
import type { Config } from '../../config/schema.ts';

/** One sentence that says what to do, or null where all is well. */
export function exposureProblem(admin: NonNullable<Config['admin']>): string | null {
  if (admin.token !== null || isLoopback(admin.address.host)) return null;
  return (
    `admin: ${formatAddress(admin.address)} can be reached from other machines: ` +
    'set admin.token (or BALLAST_ADMIN_TOKEN), or listen on 127.0.0.1'
  );
}
