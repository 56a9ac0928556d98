/**
 * The schema of the config: each setting once. All config types derive from it.
 *
 * The input is the plain value of the file; the output is `Config` with durations in
 * milliseconds and sizes in bytes. What one setting means to another is not checked here but in
 * `cross-checks.ts`. Read by `check.ts`, which every config goes through, and by `reference.ts`.
 */
import { z } from 'zod';
import { readAddress } from './addresses.ts';
import { DnsSchema } from './dns-schema.ts';
import { readHostName, readHostPattern } from './hosts.ts';
import { PoolSchema } from './pool-schema.ts';
import { mismatch, type Reading, read, refuse } from './reading.ts';
import { duration, integer, orNull, requiredSection, section, setting, size } from './settings.ts';
import {
  readFieldName,
  readInteger,
  readLogFormat,
  readLogPath,
  readName,
  readNetwork,
  readPathPrefix,
  readToken,
  readVia,
} from './texts.ts';
import { UiSchema } from './ui-schema.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** More threads than any machine has cores to run them on. */
const MAX_WORKERS = 256;

const address = (about: Parameters<typeof setting>[1]) =>
  setting({ kind: 'address', json: { type: 'string', pattern: ':[0-9]{1,5}$' }, read: readAddress }, about);

const ListenerSchema = requiredSection('One address to accept clients on. At least one listener is needed.', {
  address: address({
    summary: 'IP address and port: `:8080` for every address of the machine, `127.0.0.1:8080`, `[::1]:8080`.',
    example: 'address: ":8080"',
  }),
});

const MatchSchema = section('What a request must look like. Left out, or empty, every request does.', {
  host: setting(
    { kind: 'host', json: { type: ['string', 'null'] }, read: orNull(readHostPattern) },
    {
      summary: 'Host of the request without port; `*.example.com` for every name below it.',
      default: null,
      reason: 'Every host.',
    },
  ),
  path: setting(
    { kind: 'path', json: { type: ['string', 'null'], pattern: '^/' }, read: orNull(readPathPrefix) },
    {
      summary: 'Path of the request or a whole part of its beginning: `/v1` matches `/v1` and `/v1/x`, not `/v10`.',
      default: null,
      reason: 'Every path.',
    },
  ),
});

export const RouteSchema = requiredSection(
  'Which pool takes a request; the first route that matches wins. With one pool they may be left out: it takes everything.',
  {
    match: MatchSchema,
    pool: setting(
      { kind: 'name', json: { type: 'string' }, read: readName },
      { summary: 'The name of the pool.', example: 'pool: web' },
    ),
  },
).transform(({ match, pool }) => ({ host: match.host, path: match.path, pool }));

export const AdminSchema = requiredSection('The admin API and the dashboard. Without this section there is neither.', {
  address: address({
    summary: 'Where they are served.',
    default: '127.0.0.1:8090',
    reason: 'Nobody outside the machine can reach it.',
  }),
  token: setting(
    { kind: 'token', bounds: 'visible ASCII without spaces', json: { type: ['string', 'null'] }, read: readToken },
    {
      summary: 'What a client must show to read or change anything. Needed unless the address is loopback.',
      default: null,
      reason: 'The variable `BALLAST_ADMIN_TOKEN` of the environment, or else none.',
    },
  ),
  hosts: z
    .array(
      setting(
        { kind: 'host', json: { type: 'string' }, read: readHostName },
        { summary: 'Further names that requests to the admin side may have in `Host`, without port.' },
      ),
    )
    .nullable()
    .prefault([])
    .transform((hosts) => hosts ?? []),
});

const ClientSchema = section('How long Ballast waits for clients.', {
  requestHeadTimeout: duration({
    summary: 'For the whole head of a request, from its first byte.',
    default: '10s',
    reason: 'A phone on a bad line needs a few seconds; an attacker who dribbles bytes gets no more than this.',
    min: 10,
    max: HOUR,
  }),
  bodyIdleTimeout: duration({
    summary: 'Between two pieces of the body of a request.',
    default: '30s',
    reason: 'A train in a tunnel.',
    min: 10,
    max: HOUR,
  }),
  keepAliveTimeout: duration({
    summary: 'Between two requests on one connection.',
    default: '60s',
    reason: 'Longer than most pauses between two clicks; an idle connection costs little.',
    min: 10,
    max: HOUR,
  }),
  writeIdleTimeout: duration({
    summary: 'Without progress in sending to a client that does not read.',
    default: '30s',
    reason: 'The same patience as with a body that does not come.',
    min: 10,
    max: HOUR,
  }),
  bodyRate: size({
    summary:
      'Bytes a second that the body of a request must bring, taken over windows of `bodyIdleTimeout` in which the backend takes them.',
    default: 500,
    reason: 'A modem of 1990 is faster; one byte every 29 s is an attack.',
    min: 1,
    max: MIB,
    zero: 'any pace',
  }),
}).transform((client) => ({
  requestHeadTimeoutMs: client.requestHeadTimeout,
  bodyIdleTimeoutMs: client.bodyIdleTimeout,
  keepAliveTimeoutMs: client.keepAliveTimeout,
  writeIdleTimeoutMs: client.writeIdleTimeout,
  bodyBytesPerSecond: client.bodyRate,
}));

const LimitsSchema = section('The largest request that Ballast takes.', {
  head: size({
    summary: 'Request line and fields together.',
    default: '32KiB',
    reason: 'As much as nginx takes by default and twice what Node does: Ballast is seldom the first to refuse.',
    min: KIB,
    max: MIB,
  }),
  fields: integer({
    summary: 'Field lines in a head.',
    default: 200,
    reason: 'Browsers send about 20; every hop adds a few.',
    min: 8,
    max: 2_000,
  }),
  target: size({
    summary: 'The request target: path and query.',
    default: '16KiB',
    reason: 'RFC 9110 asks for 8,000 at least; half of the head at most.',
    min: 256,
    max: MIB,
  }),
  body: size({
    summary: 'The body of a request.',
    default: 0,
    reason: 'Bodies are relayed and never held; what is too large is for the backend to say.',
    min: 1,
    max: 1024 * GIB,
    zero: 'no limit',
  }),
  pipeline: size({
    summary: 'Bytes of further requests that are read ahead on a connection while one is being answered.',
    default: '64KiB',
    reason: 'One read of the socket.',
    min: KIB,
    max: 16 * MIB,
  }),
  chunkExtensions: size({
    summary: 'Extensions of the chunks of one body; they are checked and dropped. A quarter of it on one line.',
    default: '16KiB',
    reason: 'Nobody uses them but attackers, who send more of them than data.',
    min: 64,
    max: MIB,
  }),
  trailers: size({
    summary: 'The trailer section of a body.',
    default: '16KiB',
    reason: 'Half a head.',
    min: 64,
    max: MIB,
  }),
  connections: integer({
    summary: 'Client connections in each worker; one more is closed at once.',
    default: 20_000,
    reason: 'About 300 MiB of memory in a worker, and within what most systems allow in open files.',
    min: 1,
    max: 1_000_000,
    zero: 'no limit',
  }),
  connectionsPerClient: integer({
    summary: 'Client connections from one address in each worker; one more is closed at once.',
    default: 0,
    reason: 'A proxy or an office in front of Ballast is one address.',
    min: 1,
    max: 1_000_000,
    zero: 'no limit',
  }),
}).transform((limits) => ({
  headBytes: limits.head,
  fields: limits.fields,
  targetBytes: limits.target,
  bodyBytes: limits.body,
  pipelineBytes: limits.pipeline,
  chunkExtensionBytes: limits.chunkExtensions,
  trailerBytes: limits.trailers,
  connections: limits.connections,
  connectionsPerClient: limits.connectionsPerClient,
}));

const ForwardedSchema = section('What is believed of what a client says about where it comes from.', {
  trust: z
    .array(
      setting(
        { kind: 'network', json: { type: 'string' }, read: readNetwork },
        {
          summary:
            'Networks of proxies in front, such as `10.0.0.0/8` or `::1`: their `X-Forwarded-*` stay and are added to. Those of everyone else are replaced.',
        },
      ),
    )
    .nullable()
    .prefault([])
    .transform((trust) => trust ?? []),
});

const AccessLogSchema = requiredSection('One line for each exchange. Without this section there is no access log.', {
  path: setting(
    { kind: 'file', json: { type: 'string' }, read: readLogPath },
    {
      summary: 'The file that lines are added to; `-` is standard output. A reload opens it anew.',
      example: 'path: /var/log/ballast/access.log',
    },
  ),
  format: setting(
    { kind: 'format', bounds: 'json or combined', json: { enum: ['json', 'combined'] }, read: readLogFormat },
    {
      summary:
        'One object a line for `json`; for `combined` the format of Apache and nginx, with the failure code at its end.',
      default: 'json',
      reason: 'It has everything, and every tool reads it.',
    },
  ),
});

/** The whole config file. */
export const ConfigSchema = requiredSection('The whole file.', {
  version: setting(
    { kind: 'integer', bounds: '1', json: { const: 1 }, read: readVersion },
    { summary: 'Version of the format of this file.', example: 'version: 1' },
  ),
  workers: setting(
    {
      kind: 'integer or auto',
      bounds: `1 to ${MAX_WORKERS}, or auto`,
      json: { anyOf: [{ const: 'auto' }, { type: 'integer', minimum: 1, maximum: MAX_WORKERS }] },
      read: readWorkers,
    },
    { summary: 'Data-plane threads.', default: 'auto', reason: 'One for each core that is available.' },
  ),
  workerHeap: size({
    summary:
      'JavaScript heap of each worker, or less where all workers would take more than three quarters of the memory. Short of it, a worker refuses new requests with 503; one that comes to its end is replaced.',
    default: '1GiB',
    reason: 'Bodies lie outside of it. Inside are heads and small objects, 20 KiB a connection: room for 40,000.',
    min: 64 * MIB,
    max: 64 * GIB,
  }),
  listeners: z
    .record(z.string(), ListenerSchema)
    .transform((listeners) => Object.entries(listeners).map(([name, listener]) => ({ name, ...listener }))),
  pools: z
    .record(z.string(), PoolSchema)
    .transform((pools) => Object.entries(pools).map(([name, pool]) => ({ name, ...pool }))),
  routes: z.array(RouteSchema).nullable().prefault(null),
  admin: AdminSchema.nullable().prefault(null),
  stateFile: setting(
    { kind: 'file or false', json: { type: ['string', 'boolean', 'null'] }, read: readStateFile },
    {
      summary: 'Where changes made at run time are kept, relative to this file; `false` keeps them in memory only.',
      default: null,
      reason: 'A hidden file beside this one: `.NAME.state.json`.',
    },
  ),
  shutdownTimeout: duration({
    summary: 'How long a stop waits for requests in flight before it cuts them.',
    default: '30s',
    reason: 'The patience that Kubernetes has by default; systemd has 90 s.',
    min: 10,
    max: HOUR,
    zero: 'at once',
  }),
  via: setting(
    { kind: 'name', bounds: 'letters, digits and -._~, at most 64', json: { type: 'string' }, read: readVia },
    {
      summary: 'The name of this balancer in `Via`, and what tells a loop.',
      default: 'ballast',
      reason: 'What it is.',
    },
  ),
  client: ClientSchema,
  limits: LimitsSchema,
  forwarded: ForwardedSchema,
  dns: DnsSchema,
  ui: UiSchema,
  accessLog: AccessLogSchema.nullable().prefault(null),
  failureField: setting(
    { kind: 'field name', json: { type: ['string', 'null'] }, read: orNull(readFieldName) },
    {
      summary: 'Field that carries the failure code of answers that Ballast makes itself.',
      default: null,
      reason: 'The code is in the body already.',
    },
  ),
});

/** What the schema makes of a file; `check.ts` completes it to a `Config`. */
export type FileConfig = z.output<typeof ConfigSchema>;

type DeepReadonly<T> = T extends (infer Entry)[]
  ? readonly DeepReadonly<Entry>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The validated, normalised, deeply frozen config. */
export type Config = DeepReadonly<
  Omit<FileConfig, 'workers' | 'workerHeap' | 'routes' | 'stateFile' | 'shutdownTimeout'> & {
    workers: number;
    workerHeapBytes: number;
    shutdownTimeoutMs: number;
    routes: z.output<typeof RouteSchema>[];
    /** Null where changes made at run time are kept in memory only. */
    stateFile: string | null;
  }
>;
export type ListenerConfig = Config['listeners'][number];
export type PoolConfig = Config['pools'][number];
export type BackendConfig = PoolConfig['backends'][number];
export type HealthConfig = NonNullable<PoolConfig['health']>;
export type RouteConfig = Config['routes'][number];
export type AdminConfig = NonNullable<Config['admin']>;
export type ClientConfig = Config['client'];
export type LimitsConfig = Config['limits'];
export type DnsConfig = Config['dns'];
export type UiConfig = Config['ui'];
export type AccessLogConfig = NonNullable<Config['accessLog']>;

function readVersion(value: unknown): Reading<1> {
  const reading = readInteger(value);
  if (!reading.isRead) return reading;
  if (reading.value === 1) return read(1);
  return refuse('version-unsupported', `this Ballast reads version 1, not ${reading.value}`, 'write `version: 1`');
}

function readWorkers(value: unknown): Reading<number | 'auto'> {
  if (value === 'auto') return read('auto');
  const reading = readInteger(value);
  if (!reading.isRead) return mismatch('a whole number or auto', value);
  if (reading.value >= 1 && reading.value <= MAX_WORKERS) return reading;
  return refuse('value-out-of-range', `${reading.value} workers: 1 to ${MAX_WORKERS}, or auto`);
}

function readStateFile(value: unknown): Reading<string | false | null> {
  if (value === null || value === false) return read(value);
  if (typeof value !== 'string' || value === '') return mismatch('the name of a file, or false', value);
  return read(value);
}
