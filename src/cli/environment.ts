/**
 * The environment variables of `ballast proxy` and of the demo, read and checked in one place.
 * An unset variable and an empty one are the same.
 */
import { UsageError } from './exit-codes.ts';

export interface Environment {
  /** `PROXY_PORT`: 0..65535. */
  readonly proxyPort: number | null;
  /** `DASHBOARD_PORT`: 0..65535. */
  readonly dashboardPort: number | null;
  /** `BACKEND_SERVERS`: URLs, separated by commas. Empty where unset. */
  readonly backendServers: readonly string[];
  /** `BALLAST_ADMIN_TOKEN` */
  readonly adminToken: string | null;
}

/** Throws `UsageError` that names the variable. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    proxyPort: readPort(env, 'PROXY_PORT'),
    dashboardPort: readPort(env, 'DASHBOARD_PORT'),
    backendServers: (env.BACKEND_SERVERS ?? '')
      .split(',')
      .map((url) => url.trim())
      .filter((url) => url !== ''),
    adminToken: env.BALLAST_ADMIN_TOKEN || null,
  };
}

function readPort(env: NodeJS.ProcessEnv, variable: string): number | null {
  const text = env[variable]?.trim();
  if (text === undefined || text === '') return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`${variable}=${text}: expected a port from 0 to 65535`);
  return port;
}
