/**
 * The settings of a pool: its policy, backends, health checks, retries, timeouts and idle
 * connections. Part of the schema in `schema.ts`; nothing else reads it but the checks that
 * look at one pool.
 */
import { z } from 'zod';
import { backendNameOf, readBackendUrl } from './backend-urls.ts';
import { readHostField } from './hosts.ts';
import { OutlierSchema, QueueSchema, RetrySchema } from './pool-trouble-schema.ts';
import { duration, flag, integer, orNull, policy, requiredSection, section, setting } from './settings.ts';
import { readAddressUse, readBackendName, readRequestPath, readStatuses } from './texts.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const BackendMap = requiredSection(
  'One server at one address. The URL alone, without a map, is the short form.',
  {
    url: setting(
      {
        kind: 'URL',
        bounds: 'http, host and port only',
        json: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp]://' },
        read: readBackendUrl,
      },
      {
        summary: 'Where the backend is: `http://host:port`; without a port it is 80.',
        example: 'url: http://127.0.0.1:8081',
      },
    ),
    name: setting(
      { kind: 'name', json: { type: ['string', 'null'] }, read: orNull(readBackendName) },
      {
        summary: 'The name in the API, the metrics and the dashboard.',
        default: null,
        reason: 'It is then named by its host and port.',
      },
    ),
    weight: integer({
      summary: 'Its share of the requests, against the other weights of the pool, under a policy that uses weights.',
      default: 1,
      reason: 'All equal.',
      min: 1,
      max: 256,
    }),
    maxConnections: integer({
      summary: 'Most requests in flight to it at one time, over all workers; beyond them it counts as full.',
      default: 0,
      reason: 'Only the operator knows what a backend can bear.',
      min: 1,
      max: 1_000_000,
      zero: 'no limit',
    }),
    backup: flag({
      summary: 'Whether it only serves while no other backend of the pool can.',
      default: false,
      reason: 'Every backend serves.',
    }),
    addresses: setting(
      { kind: 'choice', bounds: 'one, all', json: { enum: ['one', 'all'] }, read: readAddressUse },
      {
        summary:
          'Where `url` has a name: `one` keeps to one of its addresses and takes another when that fails or is gone; `all` makes each a backend of its own, `NAME@ADDRESS`, with this weight and this `maxConnections`.',
        default: 'one',
        reason: 'Most names stand for one server, or for something that balances by itself.',
      },
    ),
  },
);

export const BackendSchema = z
  .preprocess((value) => (typeof value === 'string' ? { url: value } : value), BackendMap)
  .transform(({ url: target, name, weight, maxConnections, backup, addresses }) => ({
    name: name ?? backendNameOf(target.host, target.port),
    url: target.url,
    host: target.host,
    port: target.port,
    weight,
    maxConnections,
    isBackup: backup,
    addresses,
  }));

export const HealthSchema = requiredSection(
  'Health checks by `GET`. Without this section a pool is checked by TCP connect.',
  {
    path: setting(
      { kind: 'path', json: { type: 'string', pattern: '^/' }, read: readRequestPath },
      { summary: 'What is asked for, such as `/healthz`.', example: 'path: /healthz' },
    ),
    interval: duration({
      summary: 'Time between two checks of a backend while all is well.',
      default: '30s',
      reason: 'Live traffic tells sooner; this finds what has no traffic.',
      min: 100,
      max: DAY,
    }),
    fastInterval: duration({
      summary: 'Time between two checks while a backend is down or changing; never more than `interval`.',
      default: '2s',
      reason: 'A backend that is back serves again within `rise` times this.',
      min: 100,
      max: DAY,
    }),
    timeout: duration({
      summary: 'Time that a check may take before it counts as failed; never more than `interval`.',
      default: '3s',
      reason: 'One lost SYN is sent again after 1 s and once more after 3 s: the first repeat must get through.',
      min: 10,
      max: HOUR,
    }),
    rise: integer({
      summary: 'Passed checks in a row that make a backend healthy again.',
      default: 2,
      reason: 'One can be luck in the middle of a start.',
      min: 1,
      max: 100,
    }),
    fall: integer({
      summary: 'Failures in a row that take a backend out: failed checks as down, failed live requests as ejected.',
      default: 3,
      reason: 'One or two can be a lost packet.',
      min: 1,
      max: 100,
    }),
    statuses: setting(
      { kind: 'statuses', bounds: '200 to 599', json: { type: ['integer', 'string', 'array'] }, read: readStatuses },
      {
        summary: 'Statuses that pass: `200`, `200-399`, `200-299,304`, or a list of these.',
        default: '200-399',
        reason: 'A redirect is an answer too: the backend lives.',
      },
    ),
    host: setting(
      { kind: 'host', json: { type: ['string', 'null'] }, read: orNull(readHostField) },
      { summary: 'The `Host` of the checks.', default: null, reason: 'The host and port of the backend.' },
    ),
  },
).transform((health) => ({
  path: health.path,
  intervalMs: health.interval,
  // Defaults follow a shorter `interval`; that none is longer where it is given is checked apart.
  fastIntervalMs: Math.min(health.fastInterval, health.interval),
  timeoutMs: Math.min(health.timeout, health.interval),
  rise: health.rise,
  fall: health.fall,
  statuses: health.statuses,
  host: health.host,
}));

const TimeoutsSchema = section('How long Ballast waits for a backend.', {
  connect: duration({
    summary: 'From the start of the connection to its being open.',
    default: '2s',
    reason: 'One lost SYN, which is sent again after 1 s, is got over.',
    min: 1,
    max: HOUR,
  }),
  responseHead: duration({
    summary: 'From the end of the request to the head of the answer.',
    default: '30s',
    reason: 'Longer than nearly all handlers take, shorter than most people wait.',
    min: 1,
    max: DAY,
  }),
  bodyIdle: duration({
    summary: 'Between two pieces of the body of the answer.',
    default: '30s',
    reason: 'Streams of events send something at least every 15 s as a rule.',
    min: 1,
    max: DAY,
  }),
  tunnelIdle: duration({
    summary: 'Without a byte in either direction of an upgraded connection, such as a WebSocket.',
    default: '1h',
    reason: 'Quiet tunnels are normal; this only finds dead ones.',
    min: 1,
    max: 7 * DAY,
  }),
}).transform((timeouts) => ({
  connectMs: timeouts.connect,
  responseHeadMs: timeouts.responseHead,
  bodyIdleMs: timeouts.bodyIdle,
  tunnelIdleMs: timeouts.tunnelIdle,
}));

const IdleConnectionsSchema = section('Kept-alive connections to backends.', {
  max: integer({
    summary: 'Most of them to one backend, in each worker.',
    default: 256,
    reason: 'Enough for bursts; each is a socket here and one there.',
    min: 1,
    max: 65_536,
    zero: 'a new connection for each request',
  }),
  timeout: duration({
    summary: 'How long one may stay unused before it is closed.',
    default: '4s',
    reason:
      'Node closes at 5 s and nginx at 75 s: Ballast closes first, so that no request meets a closing connection.',
    min: 1,
    max: HOUR,
  }),
}).transform((idle) => ({ max: idle.max, timeoutMs: idle.timeout }));

export const PoolSchema = requiredSection(
  'A named set of interchangeable backends with one policy and one health rule. At least one pool is needed.',
  {
    policy: policy({
      summary: 'How a backend is chosen for a request.',
      default: 'round-robin',
      reason: 'The one that nobody has to have explained.',
    }),
    backends: z
      .array(BackendSchema)
      .nullable()
      .prefault([])
      .transform((backends) => backends ?? []),
    health: HealthSchema.nullable().prefault(null),
    retry: RetrySchema,
    timeouts: TimeoutsSchema,
    idleConnections: IdleConnectionsSchema,
    queue: QueueSchema,
    outlier: OutlierSchema,
    panic: integer({
      summary:
        'Percentage of the pool that must be available. Below it backups join in, and where that is not enough, health and ejection are ignored and every ready backend is used.',
      default: 0,
      reason:
        'What checks find dead is dead, and a 503 at once beats three time-outs. Ejected backends are used anyway when nothing else is left.',
      min: 1,
      max: 100,
      zero: 'never',
    }),
    slowStart: duration({
      summary:
        'Time over which a backend that is new or has come back is brought from a tenth of its share, and of its `maxConnections`, to all of it.',
      default: '0s',
      reason: 'Most backends are warm within a second.',
      min: SECOND,
      max: HOUR,
      zero: 'all of it at once',
    }),
    drainTimeout: duration({
      summary:
        'How long requests and tunnels of a backend that is drained, in maintenance or removed may go on before they are cut.',
      default: '10m',
      reason: 'Longer than nearly all requests; a WebSocket that is still open then comes back elsewhere.',
      min: SECOND,
      max: 7 * DAY,
      zero: 'for as long as they like',
    }),
  },
).transform(({ panic, slowStart, drainTimeout, ...pool }) => ({
  ...pool,
  panicPercent: panic,
  slowStartMs: slowStart,
  drainTimeoutMs: drainTimeout,
}));
