/**
 * The settings of name lookups: whom to ask, for how long, and how long an answer is believed.
 * Part of the schema in `schema.ts`.
 */
import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { bracketed } from './hosts.ts';
import { mismatch, quoted, quoteHint, type Reading, read, refuse } from './reading.ts';
import { duration, section, setting } from './settings.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DNS_PORT = 53;

const FAMILIES = ['any', 'ipv4', 'ipv6'] as const;
export type AddressFamily = (typeof FAMILIES)[number];

export const DnsSchema = section('How the names of backends become addresses.', {
  servers: z
    .array(
      setting(
        { kind: 'address', json: { type: 'string' }, read: readNameServer },
        {
          summary:
            'Name servers to ask instead of those of `/etc/resolv.conf`, by IP address, with a port unless it is 53: `10.0.0.53`, `127.0.0.1:8600`.',
        },
      ),
    )
    .nullable()
    .prefault([])
    .transform((servers) => servers ?? []),
  timeout: duration({
    summary: 'How long a lookup may take, over all name servers and repeats. Addresses that are known stay in use.',
    default: '5s',
    reason: 'A server that is silent is asked again after 1 s and 3 s; the next one of the list after 1 s.',
    min: 100,
    max: MINUTE,
  }),
  maxTtl: duration({
    summary: 'Longest time that an answer is believed, whatever its TTL says. The shortest is 1 s.',
    default: '1m',
    reason: 'Docker gives 10 minutes to the addresses of containers, which come and go within seconds.',
    min: SECOND,
    max: 24 * HOUR,
  }),
  family: setting(
    {
      kind: 'choice',
      bounds: FAMILIES.join(', '),
      json: { enum: [...FAMILIES] },
      read: readFamily,
    },
    {
      summary:
        'Which addresses are asked for. With `addresses: all`, a server that has one of each kind counts twice under `any`.',
      default: 'any',
      reason: 'IPv4 comes first where a name has both, since most servers listen there.',
    },
  ),
}).transform(({ servers, timeout, maxTtl, family }) => ({ servers, timeoutMs: timeout, maxTtlMs: maxTtl, family }));

/** Reads the address of a name server; the value always has its port. */
export function readNameServer(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('an IP address such as 10.0.0.53', value, quoteHint(value));
  const match = isIPv6(value) ? null : /^(.*?)(?::(\d{1,5}))?$/.exec(value);
  const written = match?.[1] ?? value;
  const host = (/^\[(.*)\]$/.exec(written)?.[1] ?? written).toLowerCase();
  const port = Number(match?.[2] ?? DNS_PORT);
  const isBracketed = host !== written.toLowerCase();
  if (isIP(host) === 0 || (isBracketed && !isIPv6(host)) || host.includes('%') || port < 1 || port > 65_535) {
    const text = `${quoted(value)} is not the address of a name server`;
    return refuse('address-invalid', text, 'name an IP address, such as 10.0.0.53 or "127.0.0.1:8600"');
  }
  return read(`${bracketed(host)}:${port}`);
}

function readFamily(value: unknown): Reading<AddressFamily> {
  const family = FAMILIES.find((each) => each === value);
  return family === undefined ? mismatch('any, ipv4 or ipv6', value) : read(family);
}
