/**
 * What Ballast promises, each with the line that its check must pass and the long check that
 * measures it. `run.ts` runs them; `page.ts` writes `docs/reliability.md` from what they found.
 */

export interface Promised {
  readonly id: string;
  readonly promise: string;
  readonly passLine: string;
  /** File of `test/program/long/`, without its end. */
  readonly check: string;
}

export interface Check {
  readonly name: string;
  /** What makes it a small one. */
  readonly quick: readonly string[];
  /** Its flag for a length in seconds that `--soak` sets. */
  readonly hasSoak?: boolean;
}

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [id: string, promise: string, passLine: string, check: string])[] = [
  ['D1', 'A backend that is killed costs no GET.', '0 of them fail in 100 kills of one backend of three; the longest takes the connect timeout and one try', 'killed-backend'],
  ['D2', 'A request that may not be repeated is never doubled.', '0 POSTs reach two backends in 100 kills; only POSTs under way within 0.1 s of a kill fail, each with its reason', 'killed-backend'],
  ['D3', 'A backend that is removed or drained costs nothing.', '0 failures in 50 cycles, with every method and with streams', 'membership'],
  ['D4', 'A connection that the backend closes as it is used again costs nothing.', '0 GETs fail in 100,000 requests, 0 POSTs where backends keep idle connections for 2 s, 0 are doubled', 'stale-connections'],
  ['D5', 'A reload costs nothing, and no request sees two configs.', '0 failed, refused or reset in 100 reloads; streams live on', 'reloads'],
  ['D6', 'A restart with SIGUSR2 costs nothing.', '0 refused, reset or failed in 20 restarts', 'restarts'],
  ['D7', 'A broken config never costs service.', '40 and more of them refused with file, line and what is wrong; 0 requests fail', 'broken-configs'],
  ['D8', 'A stop finishes what is in flight.', 'exit 0 within the limit and 0 requests lost in 50 stops under load', 'graceful-stops'],
  ['D9', 'A worker that crashes costs its own connections only.', 'in 50 crashes no more is lost than the dead workers had, no connection refused, back in 1 s', 'worker-crashes'],
  ['D10', 'Slow readers cost little memory.', '500 clients of 1 KB/s: at most 128 KiB each, and flat', 'slow-clients'],
  ['D11', 'Slow heads are ended, and nobody else notices.', '2,000 of them: at most 20 KB each, 408 at their time limit, good traffic goes on', 'slow-clients'],
  ['D12', 'No input costs far more than it weighs.', 'at most 100 times the time of a plain request, 100 bytes held for a byte', 'amplification'],
  ['D13', 'No bytes crash it.', 'no crash, hang or broken rule in mutated messages', 'fuzzing'],
  ['D14', 'No request is seen in two ways.', 'all conformance cases in 5 segmentations; lenient backends see what the log has', 'no-smuggling'],
  ['D15', 'A bad backend does not slow the good ones.', 'p99 by good backends at most 1.2 times, beside one that never accepts and one 100 times slower', 'isolation'],
  ['D16', 'Overload is refused, not suffered.', 'at 5 times the capacity 80 % of the peak is served, refusals take at most 50 ms, the queue keeps its bound, all is well 2 s later', 'overload'],
  ['D17', 'It runs on.', 'every request of the soak judged; memory grows by less than 1 MiB in 10 minutes, nothing is left open', 'soak'],
  ['D18', 'The dashboard tells the truth.', 'rates within 2 %; counts by class and failure equal at clients, in log, status, metrics and page', 'dashboard-truth'],
  ['D19', 'Every error has its reason.', 'each 4xx and 5xx of its own names a code of the table in field, text, log and metrics', 'reasons'],
  ['D20', 'It starts with what there is.', 'serves with a dead backend or name, a broken state file, a full disk', 'degraded-starts'],
];

export const PROMISES: readonly Promised[] = ROWS.map(([id, promise, passLine, check]) => ({
  id,
  promise,
  passLine,
  check,
}));

/** In the order in which they run. */
export const CHECKS: readonly Check[] = [
  { name: 'degraded-starts', quick: [] },
  { name: 'reasons', quick: [] },
  { name: 'broken-configs', quick: [] },
  { name: 'no-smuggling', quick: [] },
  { name: 'fuzzing', quick: ['--seconds=10'] },
  { name: 'killed-backend', quick: ['--kills=6'] },
  { name: 'membership', quick: ['--cycles=6'] },
  { name: 'stale-connections', quick: ['--requests=8000'] },
  { name: 'reloads', quick: ['--reloads=12', '--seconds=12'] },
  { name: 'restarts', quick: ['--restarts=3'] },
  { name: 'graceful-stops', quick: ['--stops=6'] },
  { name: 'worker-crashes', quick: ['--crashes=6'] },
  { name: 'isolation', quick: ['--rounds=2'] },
  { name: 'overload', quick: ['--seconds=4'] },
  { name: 'slow-clients', quick: ['--seconds=15'] },
  { name: 'amplification', quick: ['--repeats=2'] },
  { name: 'dashboard-truth', quick: ['--seconds=6'] },
  { name: 'soak', quick: ['--seconds=30'], hasSoak: true },
];

/** The promises that a check is about. */
export const promisesOf = (check: string): readonly Promised[] => PROMISES.filter((one) => one.check === check);
