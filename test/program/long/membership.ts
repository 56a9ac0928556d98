/**
 * 50 times a backend is removed and added again by the admin API, or each third time drained and
 * made ready again, under load with every method: no request fails, none that begins after the
 * answer reaches the one that leaves, and WebSockets and downloads go on, on it too, until they
 * end by themselves.
 *
 * `node test/program/long/membership.ts [--cycles=50]`
 */
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { eventually } from '../../harness/eventually.ts';
import { openStreams, startStreamBackend } from '../../harness/streams.ts';
import { readFlags } from './flags.ts';
import { startLanes, times } from './lanes.ts';
import { report } from './verdict.ts';

const NAMES = ['a', 'b', 'c'];
const PAUSE_MS = 15;
const BODY = 'b'.repeat(5_000);

const { cycles } = readFlags({ cycles: 50 });

await report('membership', async (cleanup) => {
  const sides = await Promise.all(NAMES.map((name) => startStreamBackend(cleanup, name)));
  const backends = sides.map(({ backend }) => backend);
  const balancer = await runBalancer(cleanup, { pools: { web: poolOf(backends) } });
  const { admin, port } = balancer;
  const faults: string[] = [];
  /** Who takes no new requests, and how often there has been one. */
  let absent: string | null = null;
  let absences = 0;
  const lanes = startLanes(cleanup, {
    port,
    pauseMs: PAUSE_MS,
    lanes: [
      ...['GET', 'HEAD', 'OPTIONS', 'DELETE'].flatMap((method) => times(2, { method })),
      ...['POST', 'PUT', 'PATCH'].flatMap((method) => times(2, { method, body: BODY })),
      ...times(3, { method: 'GET', isFresh: true }),
      ...times(1, { method: 'POST', body: BODY, isFresh: true }),
    ],
    expect: () => {
      const [without, at] = [absent, absences];
      return ({ headers }) => {
        const name = String(headers['x-backend']);
        if (!NAMES.includes(name)) return `answered by ${name}`;
        // Added again meanwhile: then it may.
        return name === without && at === absences && absent === without ? `${name} had left before it was sent` : null;
      };
    },
  });
  let reached = 0;
  let echoes = 0;
  let lines = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const victim = sides[cycle % sides.length];
    if (victim === undefined) break;
    const { name, port: at } = victim.backend;
    // One of each on every backend, as round robin spreads them.
    const streams = await Promise.all(NAMES.map(() => openStreams(cleanup, port)));
    const isRemoval = cycle % 3 !== 2;
    if (isRemoval) await admin.removeBackend(name);
    else await admin.patchBackend(name, { mode: 'drain' });
    absences++;
    absent = name;
    for (const one of streams) await one.echo();
    await Promise.all(streams.map((one) => one.more()));
    for (const one of streams) await one.echo(70_000);
    for (const { finish } of sides) finish();
    await Promise.all(streams.map((one) => one.end(() => {})));
    for (const one of streams) {
      faults.push(...one.faults.map((fault) => `cycle ${cycle}: ${fault}`));
      echoes += one.echoes;
      lines += one.lines;
    }
    await eventually(`${name} to be gone`, async () => {
      const { backends: present } = await admin.pool();
      return isRemoval
        ? present.length < NAMES.length
        : present.every((one) => one.name !== name || one.inFlight === 0);
    });
    if (victim.backend.inFlight > 0) faults.push(`cycle ${cycle}: ${name} is gone with requests in flight`);
    const { requests } = victim.backend;
    absent = null;
    if (isRemoval) await admin.addBackend({ url: `http://127.0.0.1:${at}`, name });
    else await admin.patchBackend(name, { mode: 'ready' });
    await eventually(`${name} to be used again`, () => victim.backend.requests > requests);
    reached++;
  }
  const { sent, answered, byMethod, faults: failed, longestMs } = await lanes.stop();
  faults.push(...failed);
  for (const backend of backends) {
    if (backend.aborted > 0) faults.push(`${backend.name}: ${backend.aborted} requests were cut`);
    for (const [id, count] of backend.ids)
      if (count > 1) faults.push(`request ${id} reached ${backend.name} ${count} times`);
  }
  await admin.atRest();
  const { failures, retries } = await admin.pool();
  if (failures > 0) faults.push(`${failures} failures were counted`);
  const perMethod = [...byMethod].map(([method, count]) => `${count} ${method}`).join(', ');
  return [
    {
      figures:
        `${absences} times a backend left, ${reached} times it came back, ${sent} requests (${perMethod}), ${failed.length} failed, ` +
        `${answered} answered, ${retries} tried again, longest ${Math.round(longestMs)} ms; ` +
        `${NAMES.length} WebSockets and downloads each time, ${echoes} echoes and ${lines} lines, all whole`,
      faults,
    },
  ];
});
