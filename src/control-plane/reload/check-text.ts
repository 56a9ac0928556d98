/**
 * Checks a text that somebody would like to have as config file, and says what it would change.
 * Nothing is touched. Called by the admin API.
 *
 * A process of its own does the reading, with a limit on time and memory: this thread also checks
 * backends and watches workers, and must not stand still for a text made to be costly.
 *
 * The text comes from outside, and `${NAME}` in it must not become a way to read the environment
 * of the process: it sees those variables only that the config in force shows anyway. Those of its
 * secrets stand for a text that is none.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '../../config/diagnostics.ts';
import { describeDiff, diffConfigs } from '../../config/diff.ts';
import { type EffectiveTree, effectiveTree, HIDDEN } from '../../config/effective.ts';
import type { Environment } from '../../config/interpolate.ts';
import { TOKEN_VARIABLE } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { writtenOf } from '../../config/written.ts';
import type { ConfigCheck } from '../../protocol/admin-api.ts';
import { hasStandIn } from './hidden-secrets.ts';
import type { LoadedConfig } from './reload.ts';

/** Stands for every secret of the environment. Long enough for a token. */
const UNSAID = 'a-secret-that-is-not-said-here-000000';
const PROCESS_URL = new URL('./check-process.ts', import.meta.url);
const TIMEOUT_MS = 10_000;
const HEAP_MIB = 256;

/** What the process is given. */
export interface CheckTask {
  readonly text: string;
  /** Names it, and is where relative paths start. */
  readonly file: string;
  readonly variables: Environment;
}

/** What it answers. */
export interface CheckAnswer {
  readonly config: Config | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly moreDiagnostics: number;
}

export interface TextCheck extends Omit<ConfigCheck, 'overruled'> {
  /** What the text says, with the stand-ins for secrets in it; null where there are errors. */
  readonly config: Config | null;
  /** A secret stands where it would be shown, be it by a variable or a stand-in. */
  readonly isSecretMisplaced: boolean;
}

/**
 * `env`: that of this process. `reveal`: the secret that a stand-in of the text is for. Null where
 * the check needs more time or memory than it may have.
 */
export async function checkText(
  text: string,
  { path, config }: LoadedConfig,
  env: Environment,
  timeoutMs = TIMEOUT_MS,
  reveal: (standIn: string) => string | null = () => null,
): Promise<TextCheck | null> {
  const answer = await inProcess({ text, file: path ?? 'config', variables: shownVariables(config, env) }, timeoutMs);
  if (answer === null) return null;
  const { config: wanted, diagnostics, moreDiagnostics } = answer;
  const changes = wanted === null ? null : describeDiff(diffConfigs(config, withOwnToken(wanted, config, reveal)));
  const isSecretMisplaced = wanted !== null && holdsSecret(wanted);
  return { ok: wanted !== null, diagnostics, moreDiagnostics, changes, config: wanted, isSecretMisplaced };
}

/** Anywhere but in the one setting that is never shown. */
function holdsSecret(config: Config): boolean {
  const shown = JSON.stringify({ ...config, admin: config.admin === null ? null : { ...config.admin, token: null } });
  return shown.includes(UNSAID) || hasStandIn(shown);
}

async function inProcess(task: CheckTask, timeoutMs: number): Promise<CheckAnswer | null> {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, fileURLToPath(PROCESS_URL)], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'close');
  // One that is killed reads no more; that it has ended is said below.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(task));
  const [[code], output] = await Promise.all([ended, readAll(child.stdout)]);
  return code === 0 ? (JSON.parse(output) as CheckAnswer) : null;
}

/** A secret by a variable counts as unchanged: what it is cannot be told. */
function withOwnToken(config: Config, before: Config, reveal: (standIn: string) => string | null): Config {
  const { admin } = config;
  if (admin === null || admin.token === null) return config;
  const token = admin.token === UNSAID ? before.admin?.token : hasStandIn(admin.token) ? reveal(admin.token) : null;
  return token == null ? config : { ...config, admin: { ...admin, token } };
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
