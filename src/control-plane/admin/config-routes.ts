/**
 * The config for people: what is in force and where it comes from, what was changed beside the
 * file and how to take that back, and a check of a text before it becomes the file.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { diffConfigs } from '../../config/diff.ts';
import { hashOf } from '../../config/load.ts';
import type { DriftEntry, EffectiveConfig } from '../../protocol/admin-api.ts';
import { checkText } from '../check-text.ts';
import { driftOf } from '../drift.ts';
import { effectiveConfig } from '../effective-config.ts';
import type { LoadedConfig } from '../reload.ts';
import type { Roster } from '../roster.ts';
import { readBody } from './body.ts';
import { checkIfMatch, isDryRun, settingsTag } from './conditions.ts';
import type { AdminDeps } from './deps.ts';
import { findBackend, findPool } from './lookups.ts';
import { ProblemError } from './problems.ts';
import { queryProblem } from './query.ts';
import { type AdminApp, addPath, settle } from './routes.ts';

/** As JSON; a file of thousands of backends has less. */
const MAX_CONFIG_BYTES = 512 * 1024;
const ORIGIN = 'admin API';
const SETTINGS: readonly DriftEntry['setting'][] = ['policy', 'weight', 'mode', 'added', 'removed'];

const CheckSchema = z.strictObject({ text: z.string() });

export function addConfigRoutes(app: AdminApp, deps: AdminDeps): void {
  const { roster } = deps;
  let isChecking = false;
  addPath(app, '/api/v1/config', {
    GET: async (c) => {
      const loaded = deps.loadedConfig();
      const file = await fileOf(loaded);
      c.header('etag', settingsTag(roster.changeCount));
      return c.json({
        file,
        settings: effectiveConfig(loaded.config, roster.changes),
        needsRestart: diffConfigs(roster.config, loaded.config).needsRestart.map(({ setting }) => setting),
        drift: driftOf(loaded, roster.changes),
      } satisfies EffectiveConfig);
    },
  });
  addPath(app, '/api/v1/config/check', {
    POST: async (c) => {
      const { text } = await readBody(c.req.raw, CheckSchema, MAX_CONFIG_BYTES);
      if (isChecking) {
        const headers = { 'retry-after': '1' };
        throw new ProblemError(503, 'check-busy', 'Another text is being checked.', { headers });
      }
      isChecking = true;
      try {
        const check = await checkText(text, deps.loadedConfig(), deps.env);
        if (check !== null) return c.json(check);
      } finally {
        isChecking = false;
      }
      throw new ProblemError(
        422,
        'check-too-costly',
        'The text takes more time or memory to check than any real config.',
      );
    },
  });
  addPath(app, '/api/v1/pools/:pool/changes', {
    GET: (c) => {
      const pool = findPool(roster, c.req.param('pool') ?? '');
      c.header('etag', settingsTag(roster.changeCount));
      return c.json({
        changes: driftOf(deps.loadedConfig(), roster.changes).filter((each) => each.pool === pool.name),
      });
    },
    DELETE: async (c) => {
      const pool = findPool(roster, c.req.param('pool') ?? '');
      const { setting, backend, ...others } = c.req.query();
      const isShown = isDryRun(others);
      checkIfMatch(c.req.header('if-match'), settingsTag(roster.changeCount));
      const entry = entryOf(driftOf(deps.loadedConfig(), roster.changes), pool.name, setting, backend);
      if (isShown) return c.json({ undone: entry, dryRun: true });
      undo(roster, entry);
      const persistence = await settle(c, deps, entry.setting === 'added' || entry.setting === 'removed');
      return c.json({ undone: entry, ...persistence });
    },
  });
}

/** The one change that the query names. */
function entryOf(
  drift: readonly DriftEntry[],
  pool: string,
  setting: string | undefined,
  backend: string | undefined,
): DriftEntry {
  if (!SETTINGS.some((known) => known === setting)) throw queryProblem(`setting is one of ${SETTINGS.join(', ')}`);
  if (setting !== 'policy' && backend === undefined) throw queryProblem('backend names the one that was changed');
  const wanted = setting === 'policy' ? null : backend;
  const found = drift.find((each) => each.pool === pool && each.setting === setting && each.backend === wanted);
  if (found !== undefined) return found;
  const subject = wanted === null ? pool : `${pool}/${wanted}`;
  throw new ProblemError(404, 'change-not-found', `Nothing was changed at run time in ${setting} of ${subject}.`);
}

/** The file's value again, with the event that every change has. */
function undo(roster: Roster, { pool: poolName, backend: name, setting }: DriftEntry): void {
  const pool = findPool(roster, poolName);
  if (name === null) return roster.setPolicy(pool, pool.config.policy, ORIGIN);
  if (setting === 'removed') {
    const entry = pool.config.backends.find((each) => each.name === name);
    if (entry === undefined) throw new ProblemError(404, 'backend-not-found', 'The file has no such backend.');
    roster.addBackend(pool, { url: entry.url, name, weight: entry.weight }, ORIGIN);
    return;
  }
  const backend = findBackend(roster, poolName, name);
  if (setting === 'added') return roster.removeBackend(backend, ORIGIN);
  if (setting === 'mode') return roster.setMode(backend, 'ready', ORIGIN);
  const entry = pool.config.backends.find((each) => each.name === backend.entry);
  roster.setWeight(backend, entry?.weight ?? 1, ORIGIN);
}

async function fileOf({ path, hash }: LoadedConfig): Promise<EffectiveConfig['file']> {
  if (path === null || hash === null) return null;
  try {
    const isChanged = hashOf(await readFile(path)) !== hash;
    return { path, hash, isChanged, problem: null };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return { path, hash, isChanged: true, problem: code === 'ENOENT' ? 'the file is gone' : `cannot read it: ${code}` };
  }
}
