/** A backend is killed ten times under 500 GET/s over three backends: how many requests fail? None. */
import { setTimeout as delay } from 'node:timers/promises';
import { startBackendProcesses } from '../../harness/backend-process.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../../harness/balancer-program.ts';
import { startOpenLoad } from '../../harness/open-load.ts';
import { report } from './verdict.ts';

const KILLS = 10;
const PER_SECOND = 500;
const DOWN_MS = 1_000;
const UP_MS = 1_000;

await report('killed-backend', async (cleanup) => {
  const backends = await startBackendProcesses(cleanup, ['a', 'b', 'c']);
  const { admin, port } = await runBalancer(cleanup, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a', 'b', 'c']);
  const load = startOpenLoad({ port, perSecond: PER_SECOND, connections: 256 });
  await delay(UP_MS);
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = backends[kill % backends.length];
    if (victim === undefined) break;
    await victim.kill();
    await admin.until('down', [victim.name], 30_000);
    await delay(DOWN_MS);
    await victim.start();
    await admin.until('up', [victim.name], 30_000);
    await delay(UP_MS);
  }
  const { sent, answered, failures, longestMs } = await load.stop();
  const { retries } = await admin.pool();
  const faults = [...failures];
  if (retries === 0) faults.push('nothing was tried again: the kills were not felt');
  return [
    {
      figures: `${KILLS} kills, ${sent} requests at ${PER_SECOND}/s, ${failures.length} failed, ${answered} answered, ${retries} tried again, longest ${Math.round(longestMs)} ms`,
      faults,
    },
  ];
});
