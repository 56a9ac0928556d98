/**
 * The changes made at run time, one by one: what each is, how to take it back, and how to write it
 * into the config file.
 */
import type { ConfigApplied, DriftEntry } from '../../protocol/admin-api.ts';
import { consequencesOf } from '../changes/consequences.ts';
import type { RuntimeChanges } from '../changes/runtime-changes.ts';
import { addBackend, chooseMode, choosePolicy, chooseWeight, removeBackend } from '../changes/runtime-edits.ts';
import { driftOf } from '../reload/drift.ts';
import type { Roster } from '../roster/roster.ts';
import { checkIfMatch, isDryRun, settingsTag } from './conditions.ts';
import { appliedAnswer, problemOfEdit } from './config-file-routes.ts';
import type { AdminDeps } from './deps.ts';
import { findBackend, findPool } from './lookups.ts';
import { ProblemError } from './problems.ts';
import { queryProblem } from './query.ts';
import { type AdminApp, type AdminContext, addPath, settle } from './routes.ts';

const ORIGIN = 'admin API';
const SETTINGS: readonly DriftEntry['setting'][] = ['policy', 'weight', 'mode', 'added', 'removed'];

export function addChangesRoutes(app: AdminApp, deps: AdminDeps): void {
  const { roster, sampler, journal, configEditor } = deps;
  const drift = (pool: string): DriftEntry[] =>
    driftOf(deps.loadedConfig(), roster.changes, (kind, subject) => journal.latestOf(kind, subject)).filter(
      (each) => each.pool === pool,
    );

  addPath(app, '/api/v1/pools/:pool/changes', {
    GET: (c) => {
      const pool = findPool(roster, c.req.param('pool') ?? '');
      c.header('etag', settingsTag(roster.changeCount));
      return c.json({ changes: drift(pool.name) });
    },
    DELETE: async (c) => {
      const { entry, isShown } = asked(c);
      if (isShown) {
        const pool = findPool(roster, entry.pool);
        const inFlightOf = (backend: Parameters<typeof sampler.backendStatus>[0]): number =>
          sampler.backendStatus(backend).inFlight;
        const changes = changesWithout(roster, entry);
        const coming = consequencesOf(roster.config, roster.knownAddresses, pool, changes, inFlightOf);
        c.header('etag', settingsTag(roster.changeCount));
        return c.json({ undone: entry, ...coming });
      }
      undo(roster, entry);
      const persistence = await settle(c, deps, entry.setting === 'added' || entry.setting === 'removed');
      return c.json({ undone: entry, ...persistence });
    },
  });
  addPath(app, '/api/v1/pools/:pool/changes/write', {
    POST: async (c) => {
      const { entry, isShown } = asked(c);
      const outcome = await configEditor.write(entry, { origin: ORIGIN, isShown });
      if (!outcome.ok) throw problemOfEdit(outcome);
      c.header('etag', settingsTag(roster.changeCount));
      return c.json({ written: entry, ...appliedAnswer(outcome, isShown) } satisfies ConfigApplied & {
        readonly written: DriftEntry;
      });
    },
  });

  /** The one change that the query names; throws where the sender has seen other settings. */
  function asked(context: AdminContext): { readonly entry: DriftEntry; readonly isShown: boolean } {
    const pool = findPool(roster, context.req.param('pool') ?? '');
    const { setting, backend, ...others } = context.req.query();
    const isShown = isDryRun(others);
    checkIfMatch(context.req.header('if-match'), settingsTag(roster.changeCount));
    return { entry: entryOf(drift(pool.name), pool.name, setting, backend), isShown };
  }
}

function entryOf(
  drift: readonly DriftEntry[],
  pool: string,
  setting: string | undefined,
  backend: string | undefined,
): DriftEntry {
  if (!SETTINGS.some((known) => known === setting)) throw queryProblem(`setting is one of ${SETTINGS.join(', ')}`);
  if (setting !== 'policy' && backend === undefined) throw queryProblem('backend names the one that was changed');
  const wanted = setting === 'policy' ? null : backend;
  const found = drift.find((each) => each.setting === setting && each.backend === wanted);
  if (found !== undefined) return found;
  const subject = wanted === null ? pool : `${pool}/${wanted}`;
  throw new ProblemError(404, 'change-not-found', `Nothing was changed at run time in ${setting} of ${subject}.`);
}

/** The file's value again, with the event that every change has. */
function undo(roster: Roster, { pool: poolName, backend: name, setting }: DriftEntry): void {
  const pool = findPool(roster, poolName);
  if (name === null) return roster.setPolicy(pool, pool.config.policy, ORIGIN);
  if (setting === 'removed') return void roster.addBackend(pool, removedOf(roster, poolName, name), ORIGIN);
  const backend = findBackend(roster, poolName, name);
  if (setting === 'added') return roster.removeBackend(backend, ORIGIN);
  if (setting === 'mode') return roster.setMode(backend, 'ready', ORIGIN);
  roster.setWeight(backend, weightInFile(roster, poolName, backend.entry), ORIGIN);
}

/** The changes that would stand after it. */
function changesWithout(roster: Roster, { pool: poolName, backend: name, setting }: DriftEntry): RuntimeChanges {
  const { changes, config } = roster;
  const pool = findPool(roster, poolName);
  if (name === null) return choosePolicy(changes, pool, pool.config.policy);
  if (setting === 'removed') return addBackend(changes, config, pool, removedOf(roster, poolName, name)).changes;
  const backend = findBackend(roster, poolName, name);
  if (setting === 'added') return removeBackend(changes, pool, backend);
  if (setting === 'mode') return chooseMode(changes, pool, backend, 'ready');
  return chooseWeight(changes, pool, backend, weightInFile(roster, poolName, backend.entry));
}

function removedOf(roster: Roster, pool: string, name: string): { url: string; name: string; weight: number } {
  const entry = findPool(roster, pool).config.backends.find((each) => each.name === name);
  if (entry === undefined) throw new ProblemError(404, 'backend-not-found', 'The file has no such backend.');
  return { url: entry.url, name, weight: entry.weight };
}

function weightInFile(roster: Roster, pool: string, entry: string): number {
  return findPool(roster, pool).config.backends.find((each) => each.name === entry)?.weight ?? 1;
}
