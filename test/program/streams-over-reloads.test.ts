/**
 * WebSockets and downloads live through every reload that does not remove their backend, and so do
 * its counters and its health.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackendStatus } from '../../src/protocol/admin-api.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { openStreams, startStreamBackend } from '../harness/streams.ts';

const RELOADS = 20;
const POLICIES = ['round-robin', 'weighted-round-robin', 'least-connections'];

interface Side {
  readonly balancer: BalancerProgram;
  readonly second: number;
  readonly finish: () => void;
  /** The file with this instead of what it says at first. */
  readonly file: (changes?: { pool?: Settings; backend?: Settings; more?: Settings }) => Settings;
  readonly others: readonly { readonly name: string; readonly port: number }[];
}

/** Backend `s` alone takes new requests at first; `o1` and `o2` are there to be brought in. */
async function start(t: TestContext): Promise<Side> {
  const { backend, finish } = await startStreamBackend(t, 's');
  const others = await startHttpBackends(t, ['o1', 'o2']);
  const file: Side['file'] = ({ pool = {}, backend: changes = {}, more = {} } = {}) => ({
    pools: {
      web: {
        backends: [{ name: 's', url: `http://127.0.0.1:${backend.port}`, ...changes }],
        health: QUICK_HEALTH,
        ...pool,
      },
    },
    ...more,
  });
  const balancer = await runBalancer(t, file());
  await balancer.admin.until('up', ['s']);
  return { balancer, second: await freePort(), finish, file, others };
}

async function reloadBy(balancer: BalancerProgram, settings: Settings): Promise<readonly string[]> {
  await balancer.write(settings);
  const { changes } = await balancer.admin.json<{ changes: string[] }>('/api/v1/reload', { method: 'POST' });
  return changes;
}

const kinds: readonly (readonly [what: string, settings: (side: Side, round: number) => Settings])[] = [
  ['policy', ({ file }, round) => file({ pool: { policy: POLICIES[round % 3] } })],
  ['weight', ({ file }, round) => file({ backend: { weight: 1 + (round % 5) } })],
  ['its limit of connections', ({ file }, round) => file({ backend: { maxConnections: 2 + (round % 5) } })],
  [
    'time-outs, idle connections and retries',
    ({ file }, round) =>
      file({
        pool: {
          timeouts: { connect: `${1 + (round % 3)}s`, responseHead: `${5 + (round % 3)}s` },
          idleConnections: { max: 1 + (round % 3), timeout: `${1 + (round % 2)}s` },
          retry: { attempts: 1 + (round % 3) },
        },
      }),
  ],
  [
    'health checks',
    ({ file }, round) =>
      file({ pool: { health: { ...QUICK_HEALTH, path: round % 2 === 0 ? '/' : '/healthz', fall: 1 + (round % 3) } } }),
  ],
  [
    'other backends of its pool',
    ({ file, others }, round) => {
      const { web } = file()['pools'] as { web: { backends: unknown[] } };
      const more = poolOf(others.slice(0, round % 3))['backends'] as unknown[];
      return file({ pool: { backends: round % 2 === 0 ? [...more, ...web.backends] : [...web.backends, ...more] } });
    },
  ],
  [
    'routes, away from its pool and back',
    ({ file, others }, round) => ({
      pools: { ...(file()['pools'] as object), other: poolOf(others) },
      routes: [{ match: { path: '/elsewhere' }, pool: 'web' }, { pool: round % 2 === 0 ? 'other' : 'web' }],
    }),
  ],
  [
    'other pools',
    ({ file, others }, round) => ({
      pools: {
        ...(round % 2 === 0 ? { [`p${round}`]: poolOf(others) } : {}),
        ...(file()['pools'] as object),
      },
      routes: [...(round % 2 === 0 ? [{ match: { path: '/p' }, pool: `p${round}` }] : []), { pool: 'web' }],
    }),
  ],
  [
    'listeners, their own one too',
    ({ file, balancer, second }, round) =>
      file({
        more: {
          listeners: {
            ...(round % 2 === 0 ? {} : { web: { address: `127.0.0.1:${balancer.port}` } }),
            second: { address: `127.0.0.1:${second}` },
          },
        },
      }),
  ],
  [
    'limits, names and what is trusted',
    ({ file }, round) =>
      file({
        more: {
          via: `edge-${round}`,
          limits: { head: `${32 + (round % 4)}KiB` },
          client: { keepAliveTimeout: `${10 + round}s` },
          forwarded: { trust: round % 2 === 0 ? ['10.0.0.0/8'] : [] },
        },
      }),
  ],
];

/** What a reload must not touch. */
const lasting = ({ state, sinceMs, requests, inFlight, isRemoved }: BackendStatus): unknown => ({
  state,
  sinceMs,
  requests,
  inFlight,
  isRemoved,
});

async function survive(t: TestContext, side: Side, settings: (round: number) => Settings): Promise<void> {
  const { balancer, finish, file } = side;
  await reloadBy(balancer, file());
  const streams = await openStreams(t, balancer.port);
  const before = await balancer.admin.backend('s');
  assert.equal(before.inFlight, 2);
  for (let round = 0; round < RELOADS; round++) {
    const changes = await reloadBy(balancer, settings(round));
    if (round > 0) assert.notDeepEqual(changes, [], `reload ${round} has changed nothing`);
    await streams.echo();
    const { pools } = await balancer.admin.status();
    const now = pools.flatMap(({ backends }) => backends).find(({ name }) => name === 's');
    assert.ok(now);
    assert.deepEqual(lasting(now), lasting(before), `after reload ${round}`);
  }
  await streams.more();
  await streams.end(finish);
  assert.deepEqual(streams.faults, []);
  await balancer.admin.atRest();
}

test(`a WebSocket and a download live through ${RELOADS} reloads each that change`, async (t) => {
  const side = await start(t);
  for (const [what, settings] of kinds) {
    await t.test(what, (inner) => survive(inner, side, (round) => settings(side, round)));
  }
  const { pools } = await side.balancer.admin.status();
  assert.deepEqual(
    pools.map(({ failures }) => failures),
    pools.map(() => 0),
  );
});

test('a backend that a reload removes finishes what it has, and comes back as another one', async (t) => {
  const { balancer, finish, file, others } = await start(t);
  const streams = await openStreams(t, balancer.port);
  for (let round = 0; round < 4; round++) {
    await reloadBy(balancer, { pools: { web: poolOf(others) } });
    await streams.echo();
    const removed = await balancer.admin.backend('s');
    assert.deepEqual([removed.isRemoved, removed.state, removed.inFlight], [true, 'draining', 2]);
    await reloadBy(balancer, file());
    await streams.echo();
    const back = await balancer.admin.backend('s');
    assert.deepEqual([back.isRemoved, back.inFlight], [false, 2]);
  }
  await streams.more();
  await streams.end(finish);
  assert.deepEqual(streams.faults, []);
});
