/**
 * Checks a text that somebody would like to have as config file, and says what it would change.
 * Nothing is touched. Called by the admin API.
 *
 * The text comes from outside, and `${NAME}` in it must not become a way to read the environment
 * of the process: it sees those variables only that the config in force shows anyway. Those of its
 * secrets stand for a text that is none.
 */
import { describeDiff, diffConfigs } from '../config/diff.ts';
import { type EffectiveTree, effectiveTree, HIDDEN } from '../config/effective.ts';
import type { Environment } from '../config/interpolate.ts';
import { loadConfigText, TOKEN_VARIABLE } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { writtenOf } from '../config/written.ts';
import type { ConfigCheck } from '../protocol/admin-api.ts';
import type { LoadedConfig } from './reload.ts';

const MAX_DIAGNOSTICS = 100;
/** Stands for every secret of the environment. Long enough for a token. */
const UNSAID = 'a-secret-that-is-not-said-here-000000';

/** `env`: that of the process. */
export function checkText(text: string, { path, config }: LoadedConfig, env: Environment): ConfigCheck {
  const result = loadConfigText(text, path ?? 'config', shownVariables(config, env));
  const all = result.ok ? result.warnings : result.diagnostics;
  return {
    ok: result.ok,
    diagnostics: all.slice(0, MAX_DIAGNOSTICS),
    moreDiagnostics: Math.max(0, all.length - MAX_DIAGNOSTICS),
    changes: result.ok ? describeDiff(diffConfigs(config, withOwnToken(result.config, config))) : null,
  };
}

/** A secret by a variable counts as unchanged: what it is cannot be told. */
function withOwnToken(config: Config, before: Config): Config {
  if (config.admin?.token !== UNSAID || before.admin === null) return config;
  return { ...config, admin: { ...config.admin, token: before.admin.token } };
}

function shownVariables(config: Config, env: Environment): Environment {
  const written = writtenOf(config);
  const known = new Map<string, string>();
  const secrets = new Set<string>([TOKEN_VARIABLE]);
  const look = (tree: EffectiveTree): void => {
    if (Array.isArray(tree)) return (tree as readonly EffectiveTree[]).forEach(look);
    if (!('origin' in tree) || typeof tree.origin !== 'string') return Object.values(tree).forEach(look);
    if (!('by' in tree) || typeof tree.by !== 'string') return;
    for (const [, name = ''] of tree.by.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)) {
      if ('value' in tree && tree.value === HIDDEN) secrets.add(name);
      else if (env[name] !== undefined) known.set(name, env[name]);
    }
  };
  if (written !== null) look(effectiveTree(written, config));
  for (const name of secrets) {
    if ((env[name] ?? '') !== '') known.set(name, UNSAID);
  }
  return Object.fromEntries(known);
}
