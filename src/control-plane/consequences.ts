/**
 * What a change at run time would come to, for people who think before they do: pure.
 *
 * Called by the admin API for `?dryRun=1`, with the changes that an edit has made out of those
 * that stand. Figures are those of the moment.
 */
import type { Config } from '../config/schema.ts';
import type { DryRun } from '../protocol/admin-api.ts';
import type { KnownAddresses } from './all-addresses.ts';
import { isAvailable, type RosterBackend, type RosterPool } from './roster-model.ts';
import { mergeChanges, type RuntimeChanges, type WantedBackend } from './runtime-changes.ts';

/** `inFlightOf`: attempts in flight on a backend now. */
export function consequencesOf(
  config: Config,
  known: KnownAddresses,
  pool: RosterPool,
  changes: RuntimeChanges,
  inFlightOf: (backend: RosterBackend) => number,
): DryRun {
  const wanted = mergeChanges(config, changes, known).pools.find((one) => one.config.name === pool.name);
  const now = pool.backends.filter((backend) => !backend.isRemoved);
  const lines: string[] = [];
  if (wanted !== undefined && wanted.policy !== pool.policy) lines.push(`policy ${pool.policy} → ${wanted.policy}`);

  const left = [...(wanted?.backends ?? [])];
  let inFlight = 0;
  let after = 0;
  for (const backend of now) {
    const at = left.findIndex(({ name, url }) => name === backend.name && url === backend.url);
    const [want] = at < 0 ? [] : left.splice(at, 1);
    lines.push(...differences(backend, want));
    const isTaking = want !== undefined && isAvailable({ ...backend, mode: want.mode });
    if (isTaking) after++;
    else if (isAvailable(backend)) inFlight += inFlightOf(backend);
  }
  for (const { name, url, weight } of left) lines.push(`backend ${name} added, ${url}, weight ${weight}`);
  // A new one is given requests before its first check.
  after += left.filter(({ mode }) => mode === 'ready').length;
  const before = now.filter(isAvailable).length;
  return {
    dryRun: true,
    changes: lines,
    consequences: inWords(pool.name, before, after, inFlight),
    inFlight,
    available: { before, after },
  };
}

function differences(backend: RosterBackend, want: WantedBackend | undefined): string[] {
  const { name } = backend;
  if (want === undefined) return [`backend ${name} removed`];
  const lines: string[] = [];
  if (want.weight !== backend.weight) lines.push(`backend ${name}: weight ${backend.weight} → ${want.weight}`);
  if (want.mode !== backend.mode) lines.push(`backend ${name}: mode ${backend.mode} → ${want.mode}`);
  return lines;
}

function inWords(pool: string, before: number, after: number, inFlight: number): string[] {
  const words: string[] = [];
  if (inFlight > 0) words.push(`${inFlight} ${inFlight === 1 ? 'request' : 'requests'} in flight will be finished`);
  if (after === before) return words;
  if (after === 0) words.push(`no backend of ${pool} is left: its requests are answered 503`);
  else if (before === 0) words.push(`${pool} has a backend again`);
  else {
    const percent = Math.round((before / after - 1) * 100);
    const load = percent > 0 ? `+${percent}` : `${percent}`;
    words.push(`${after} instead of ${before} backends are available: about ${load} % load on each`);
  }
  return words;
}
