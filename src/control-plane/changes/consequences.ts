/**
 * What a change at run time would come to, for people who think before they do: pure.
 *
 * Called by the admin API for `?dryRun=1`, with the changes that an edit has made out of those
 * that stand. Figures are those of the moment.
 */
import { formatDuration } from '../../config/durations.ts';
import type { Config } from '../../config/schema.ts';
import type { DryRun, FormerBackend } from '../../protocol/admin-api.ts';
import type { KnownAddresses } from '../names/all-addresses.ts';
import { isAvailable, type RosterBackend, type RosterPool } from '../roster/roster-model.ts';
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
  const isSwitch = wanted !== undefined && wanted.policy !== pool.policy;
  if (isSwitch) lines.push(`policy ${pool.policy} → ${wanted.policy}`);

  const left = [...(wanted?.backends ?? [])];
  const taking: { readonly isBackup: boolean }[] = [];
  const former: FormerBackend[] = [];
  let inFlight = 0;
  let others = 0;
  for (const backend of now) {
    const at = left.findIndex(({ name, url }) => name === backend.name && url === backend.url);
    const [want] = at < 0 ? [] : left.splice(at, 1);
    const changed = differences(backend, want);
    lines.push(...changed);
    if (changed.length > 0) former.push(formerOf(backend));
    const isTaking = want !== undefined && isAvailable({ ...backend, mode: want.mode });
    if (isTaking) taking.push(backend);
    else if (isAvailable(backend)) inFlight += inFlightOf(backend);
    else if (want?.mode === 'ready') others++;
  }
  for (const { name, url, weight } of left) lines.push(`backend ${name} added, ${url}, weight ${weight}`);
  // A new one is given requests before its first check.
  taking.push(...left.filter(({ mode }) => mode === 'ready'));
  const available = { before: servingOf(now.filter(isAvailable)), after: servingOf(taking) };
  const words: string[] = [];
  if (inFlight > 0) {
    const { drainTimeoutMs } = pool.config;
    const limit = drainTimeoutMs === 0 ? '' : ` within ${formatDuration(drainTimeoutMs)}`;
    words.push(`${inFlight} ${inFlight === 1 ? 'request' : 'requests'} in flight may be finished${limit}`);
  }
  words.push(...inWords(pool.name, available, others));
  return {
    dryRun: true,
    changes: lines,
    consequences: words,
    inFlight,
    available,
    former: { policy: isSwitch ? pool.policy : null, backends: former },
  };
}

function formerOf({ name, url, weight, mode }: RosterBackend): FormerBackend {
  return { name, url, weight, mode };
}

/** How many share the requests: a backup has some only where there is nobody else. */
function servingOf(available: readonly { readonly isBackup: boolean }[]): number {
  return available.filter(({ isBackup }) => !isBackup).length || available.length;
}

function differences(backend: RosterBackend, want: WantedBackend | undefined): string[] {
  const { name } = backend;
  if (want === undefined) return [`backend ${name} removed`];
  const lines: string[] = [];
  if (want.weight !== backend.weight) lines.push(`backend ${name}: weight ${backend.weight} → ${want.weight}`);
  if (want.mode !== backend.mode) lines.push(`backend ${name}: mode ${backend.mode} → ${want.mode}`);
  return lines;
}

/** `others`: backends that are neither available nor kept away by people. */
function inWords(pool: string, { before, after }: DryRun['available'], others: number): string[] {
  if (after === before) return [];
  if (after === 0) {
    return [others > 0 ? `only backends that fail are left in ${pool}` : `no backend is left in ${pool}: 503 for all`];
  }
  if (before === 0) return [`${pool} has a backend again`];
  const percent = Math.round((before / after - 1) * 100);
  const load = percent > 0 ? `+${percent}` : `${percent}`;
  return [`${after} instead of ${before} backends share the requests: about ${load} % load on each`];
}
