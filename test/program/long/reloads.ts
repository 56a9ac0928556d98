/**
 * 100 reloads in a minute under load: no request fails, none is refused or reset, and each is
 * served by one config from its beginning to its end. A WebSocket and a download last for as long.
 *
 * Each config has a number that stands in `via`, and routes all but the streams to one of two
 * pools by turns; what the backend tells of its name and of the `Via` it got must go together. A
 * request that begins after a reload was answered must not meet a config before that one.
 *
 * `node test/program/long/reloads.ts [--reloads=100] [--seconds=60]`
 */
import type http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { poolOf, runBalancer, type Settings } from '../../harness/balancer-program.ts';
import { freePort } from '../../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../../harness/http-backends.ts';
import { openStreams, startStreamBackend } from '../../harness/streams.ts';
import { readFlags } from './flags.ts';
import { type Answer, startLanes, times } from './lanes.ts';
import { report } from './verdict.ts';

const POLICIES = ['round-robin', 'weighted-round-robin', 'least-connections'];
const PAUSE_MS = 15;

const { reloads, seconds } = readFlags({ reloads: 100, seconds: 60 });

/** Answers with the name, and what Ballast said of itself. */
function tellVia(request: http.IncomingMessage, response: http.ServerResponse, { name }: HttpBackend): void {
  response.setHeader('X-Via', request.headers.via ?? '');
  request.resume();
  request.on('end', () => response.end(name));
}

/** The config that has served the request, by the `Via` that the backend saw; null where that is none of ours. */
function numberOf({ headers }: Answer): number | null {
  const match = /^1\.1 config-(\d+)-[0-9a-f]+$/.exec(String(headers['x-via']));
  return match === null ? null : Number(match[1]);
}

await report('reloads', async (cleanup) => {
  const even = await startHttpBackends(cleanup, ['even-1', 'even-2'], { handle: tellVia });
  const odd = await startHttpBackends(cleanup, ['odd-1', 'odd-2'], { handle: tellVia });
  const { backend, finish } = await startStreamBackend(cleanup, 'streams');
  const second = await freePort();
  let port = 0;
  /** All of it changes from one to the next but the streams' backend and the first listener. */
  const settings = (number: number): Settings => {
    const isEven = number % 2 === 0;
    const more = {
      policy: POLICIES[number % 3],
      timeouts: { connect: `${1 + (number % 4)}s` },
      retry: { attempts: 1 + (number % 3) },
    };
    const weighted = (backends: readonly HttpBackend[]) =>
      backends.map(({ name, port: at }, place) => ({ name, port: at, weight: 1 + ((number + place) % 5) }));
    const taking = poolOf(weighted(isEven ? even : odd), more);
    // The pool that has nothing to do is there by turns, so that its backends go and come back.
    const resting = number % 4 < 2 ? poolOf(weighted(isEven ? odd : even)) : null;
    const [takingName, restingName] = isEven ? ['even', 'odd'] : ['odd', 'even'];
    return {
      ...(port === 0
        ? {}
        : {
            listeners: {
              web: { address: `127.0.0.1:${port}` },
              ...(number % 3 === 0 ? { second: { address: `127.0.0.1:${second}` } } : {}),
            },
          }),
      via: `config-${number}`,
      pools: {
        [takingName as string]: taking,
        ...(resting === null ? {} : { [restingName as string]: resting }),
        streams: poolOf([backend], more),
      },
      routes: [
        { match: { path: '/chat' }, pool: 'streams' },
        { match: { path: '/download' }, pool: 'streams' },
        ...(resting === null ? [] : [{ match: { path: '/nobody' }, pool: restingName }]),
        { pool: takingName },
      ],
    };
  };
  const balancer = await runBalancer(cleanup, settings(0));
  port = balancer.port;
  /** The config that is in force for certain, and the latest that may be. */
  let certain = 0;
  let possible = 0;
  let mixed = 0;
  const streams = await openStreams(cleanup, port);
  const lanes = startLanes(cleanup, {
    port,
    pauseMs: PAUSE_MS,
    lanes: [
      ...times(6, { method: 'GET' }),
      ...times(4, { method: 'POST', body: 'b'.repeat(20_000) }),
      ...times(4, { method: 'GET', isFresh: true }),
      ...times(2, { method: 'POST', body: 'b'.repeat(2_000), isFresh: true }),
    ],
    expect: () => {
      const least = certain;
      return (answer) => {
        const number = numberOf(answer);
        const isWhole = number !== null && String(answer.headers['x-backend']).startsWith(number % 2 === 0 ? 'e' : 'o');
        if (isWhole && number >= least && number <= possible) return null;
        mixed++;
        return `config ${number} at ${String(answer.headers['x-backend'])}, sent under config ${least} or later`;
      };
    },
  });

  const faults: string[] = [];
  let longestReloadMs = 0;
  const startMs = performance.now();
  for (let number = 1; number <= reloads; number++) {
    await delay(Math.max(0, startMs + (number * seconds * 1_000) / reloads - performance.now()));
    possible = number;
    await balancer.write(settings(number));
    const beganMs = performance.now();
    if (number % 2 === 0) await balancer.admin.json('/api/v1/reload', { method: 'POST' });
    else {
      const { kind, text } = await balancer.reload();
      if (kind !== 'config-reloaded') faults.push(`reload ${number}: ${text}`);
    }
    longestReloadMs = Math.max(longestReloadMs, performance.now() - beganMs);
    certain = number;
    await streams.echo();
  }
  await streams.more();
  const tookS = (performance.now() - startMs) / 1_000;
  const { sent, answered, byMethod, faults: failed, longestMs } = await lanes.stop();
  await streams.end(finish);
  faults.push(...failed, ...streams.faults);
  await balancer.admin.atRest();
  const { pools, workers } = await balancer.admin.status();
  for (const { name, failures } of pools)
    if (failures > 0) faults.push(`pool ${name} has counted ${failures} failures`);
  for (const { worker, restarts } of workers) if (restarts > 0) faults.push(`worker ${worker} was replaced`);
  const perMethod = [...byMethod].map(([method, count]) => `${count} ${method}`).join(', ');
  return [
    {
      figures:
        `${reloads} reloads in ${tookS.toFixed(0)} s, ${sent} requests (${perMethod}), ${failed.length - mixed} failed, ` +
        `${mixed} by another or a mixed config, ${answered} whole, longest ${Math.round(longestMs)} ms; ` +
        `1 WebSocket with ${streams.echoes} echoes and 1 download of ${streams.lines} lines over all of it; ` +
        `longest reload ${Math.round(longestReloadMs)} ms`,
      faults,
    },
  ];
});
