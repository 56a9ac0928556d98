/**
 * The config for people: what is in force and where each value comes from, what was changed
 * beside the file, and what the file may say at all.
 */
import { readFile } from 'node:fs/promises';
import { diffConfigs } from '../../config/diff.ts';
import { hashOf } from '../../config/load.ts';
import { configJsonSchema } from '../../config/reference.ts';
import type { EffectiveConfig } from '../../protocol/admin-api.ts';
import { driftOf } from '../reload/drift.ts';
import { effectiveConfig } from '../reload/effective-config.ts';
import type { LoadedConfig } from '../reload/reload.ts';
import { settingsTag } from './conditions.ts';
import type { AdminDeps } from './deps.ts';
import { type AdminApp, addPath } from './routes.ts';

export function addConfigRoutes(app: AdminApp, deps: AdminDeps): void {
  const { roster, journal } = deps;
  let schema: string | null = null;
  addPath(app, '/api/v1/config', {
    GET: async (c) => {
      const loaded = deps.loadedConfig();
      const file = await fileOf(loaded);
      c.header('etag', settingsTag(roster.changeCount));
      return c.json({
        file,
        settings: effectiveConfig(loaded.config, roster.changes),
        needsRestart: diffConfigs(roster.config, loaded.config).needsRestart.map(({ setting }) => setting),
        drift: driftOf(loaded, roster.changes, (kind, subject) => journal.latestOf(kind, subject)),
      } satisfies EffectiveConfig);
    },
  });
  addPath(app, '/api/v1/config/schema', {
    GET: (c) => {
      schema ??= JSON.stringify(configJsonSchema(), null, 2);
      return c.body(schema, 200, { 'content-type': 'application/schema+json' });
    },
  });
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
