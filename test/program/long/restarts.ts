/**
 * Twenty restarts without loss under load: new connections, kept-alive ones with GET and POST,
 * idle ones, and in each round a WebSocket and a slow download that stay with the old process. No
 * connection may be refused or reset and no request fail; the download must end well, and the
 * WebSocket live until the limit of the drain.
 *
 * `node test/program/long/restarts.ts [--restarts=20]`
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { startLoad } from '../../harness/background-load.ts';
import { poolOf } from '../../harness/balancer-program.ts';
import { failedIn, type LoadOptions } from '../../harness/load.ts';
import { connectRaw, requestBytes } from '../../harness/raw-client.ts';
import { openEcho, sayEcho, startDownload, startTrafficBackend } from '../../harness/restart-traffic.ts';
import { runRestartingBalancer } from '../../harness/restarting-balancer.ts';
import { readFlags } from './flags.ts';
import { report } from './verdict.ts';

const DRAIN_MS = 10_000;
/** Shorter than the drain, longer than any restart. */
const DOWNLOAD = { pieces: 80, everyMs: 100 };
const PAUSE_MS = 1_000;
const IDLE_CLIENTS = 5;
const KINDS: readonly (readonly [string, Omit<LoadOptions, 'port' | 'requests' | 'stop'>])[] = [
  ['new connections', { concurrency: 4, isFresh: true }],
  ['kept-alive GET', { concurrency: 2 }],
  ['kept-alive POST', { concurrency: 2, method: 'POST', body: 'b'.repeat(5_000) }],
];

const { restarts } = readFlags({ restarts: 20 });

await report('restarts', async (cleanup) => {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => startTrafficBackend(cleanup, name)));
  const settings = { shutdownTimeout: `${DRAIN_MS}ms`, pools: { web: poolOf(backends) } };
  const balancer = await runRestartingBalancer(cleanup, settings);
  const { port } = balancer;
  const faults: string[] = [];
  const loads = KINDS.map(([kind, options]) => ({ kind, load: startLoad(cleanup, { port, ...options }) }));
  const takenMs: number[] = [];
  const livedMs: number[] = [];
  const longLived: Promise<void>[] = [];

  for (let round = 1; round <= restarts; round++) {
    const download = await startDownload(port, DOWNLOAD.pieces, DOWNLOAD.everyMs);
    const socket = await openEcho(cleanup, port);
    const socketClosed = once(socket, 'close');
    const idle = await Promise.all(Array.from({ length: IDLE_CLIENTS }, () => connectRaw(cleanup, port)));
    for (const client of idle) await client.request(requestBytes('GET', '/'));
    const begunMs = performance.now();
    await balancer.restart();
    const servingMs = performance.now();
    takenMs.push(servingMs - begunMs);
    await sayEcho(socket, `after restart ${round}`);
    for (const client of idle) {
      const { status } = await client.request(requestBytes('POST', '/', {}, 'body'));
      if (status !== 200) faults.push(`an idle client was answered ${status} after restart ${round}`);
    }
    longLived.push(
      download.done.then(
        (bytes) => void (bytes === DOWNLOAD.pieces * 1_000 || faults.push(`a download of ${bytes} bytes`)),
        (error: unknown) => void faults.push(`download ${round}: ${String(error)}`),
      ),
      socketClosed.then(() => {
        const ms = performance.now() - servingMs;
        livedMs.push(ms);
        // The old process has begun to drain a moment before the harness has seen it.
        if (ms < DRAIN_MS - 1_500) faults.push(`WebSocket ${round} was closed after ${Math.round(ms)} ms`);
      }),
    );
    await delay(PAUSE_MS);
  }
  await Promise.all(longLived);
  const counts: string[] = [];
  for (const { kind, load } of loads) {
    const done = await load.stop();
    counts.push(`${done.sent} ${kind}`);
    for (const failure of failedIn(done)) faults.push(`${kind}: ${failure}`);
  }
  await balancer.untilAlone();
  const sorted = [...takenMs].sort((a, b) => a - b);
  const ms = (value = 0): string => String(Math.round(value));
  return [
    {
      figures: `${restarts} restarts, ${counts.join(', ')}, ${faults.length} refused, reset or failed; a restart took ${ms(sorted[restarts >> 1])} ms (longest ${ms(sorted.at(-1))}); ${restarts} downloads of ${(DOWNLOAD.pieces * DOWNLOAD.everyMs) / 1_000} s, WebSockets lived for at least ${ms(Math.min(...livedMs))} of ${DRAIN_MS} ms`,
      faults,
    },
  ];
});
