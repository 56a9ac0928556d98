/**
 * `ballast explain`: which route takes a request, why the others do not, and who could get it; or
 * of one backend, why it gets what it gets.
 *
 * It asks a running balancer over its admin API; with `-c FILE` it looks at a config alone, as if
 * every backend in it were up. Nothing is sent to a backend either way.
 */
import { Command } from 'commander';
import { formatDiagnostic, loadConfigFile, TOKEN_VARIABLE } from '../config/load.ts';
import { explanationOf } from '../control-plane/explain/explain.ts';
import { explainFile } from '../control-plane/explain/explain-file.ts';
import { QuestionError, requestOf } from '../control-plane/explain/explain-question.ts';
import type {
  BackendExplanation,
  ExplainedBackend,
  ExplainQuestion,
  Explanation,
  Problem,
} from '../protocol/admin-api.ts';
import { EXIT, UsageError } from './exit-codes.ts';

const TIMEOUT_MS = 10_000;

interface ExplainOptions {
  readonly url?: string;
  readonly backend?: string;
  readonly method: string;
  readonly host?: string;
  readonly config?: string;
  readonly admin: string;
  readonly json?: true;
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('Say which route takes a request and why, and which backends could get it.')
    .option('--url <url>', 'as a client would ask, such as http://api.example.com/v1')
    .option('--backend <pool/name>', 'instead of a URL: why this backend gets the requests that it gets, or none')
    .option('--method <method>', 'of the request', 'GET')
    .option('--host <host>', 'instead of the one in the URL, as curl -H "Host: …"')
    .option('-c, --config <file>', 'look at this config file, as if all of its backends were up')
    .option('--admin <url>', 'the admin API of the balancer to ask', 'http://127.0.0.1:8090')
    .option('--json', 'print the answer as one JSON object')
    .addHelpText('after', `\nThe admin API is shown the token in ${TOKEN_VARIABLE}.`)
    .action(async (options: ExplainOptions) => {
      process.exitCode = await explain(options);
    });
}

async function explain(options: ExplainOptions): Promise<number> {
  const { url, backend, config, admin } = options;
  if ((url === undefined) === (backend === undefined)) {
    throw new UsageError('say --url URL of a request, or --backend POOL/NAME');
  }
  if (backend !== undefined) {
    if (config !== undefined) throw new UsageError('a config file alone says nothing of how a backend is');
    return tell(options, await askOf(admin, backend), backendInWords);
  }
  const question = questionOf(url ?? '', options);
  return tell(options, config === undefined ? await askFor(admin, question) : inFile(config, question), inWords);
}

function tell<Found extends object>(
  { json }: ExplainOptions,
  found: Found | number,
  wordsOf: (found: Found) => string,
): number {
  if (typeof found === 'number') return found;
  process.stdout.write(json === true ? `${JSON.stringify(found, null, 2)}\n` : wordsOf(found));
  return EXIT.DONE;
}

function questionOf(url: string, { method, host }: ExplainOptions): ExplainQuestion {
  const question = { method, url, ...(host === undefined ? {} : { headers: { host } }) };
  try {
    requestOf(question);
  } catch (error) {
    if (error instanceof QuestionError) throw new UsageError(error.message);
    throw error;
  }
  return question;
}

function inFile(file: string, question: ExplainQuestion): Explanation | number {
  const result = loadConfigFile(file, process.env);
  if (result.ok) {
    const { routes } = result.config;
    return explanationOf(requestOf(question), routes, (pool) => explainFile(result.config, pool));
  }
  for (const finding of result.diagnostics) process.stderr.write(`${formatDiagnostic(finding)}\n`);
  return EXIT.CONFIG_INVALID;
}

function askFor(admin: string, question: ExplainQuestion): Promise<Explanation | number> {
  const headers = { 'content-type': 'application/json' };
  return ask(admin, 'api/v1/explain', { method: 'POST', headers, body: JSON.stringify(question) });
}

function askOf(admin: string, backend: string): Promise<BackendExplanation | number> {
  // A name may have a slash in it, that of a pool has none.
  const [pool = '', ...name] = backend.split('/');
  if (pool === '' || name.join('/') === '') throw new UsageError(`a backend is written as POOL/NAME, not ${backend}`);
  const path = `pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(name.join('/'))}`;
  return ask(admin, `api/v1/${path}/explain`, { method: 'GET', headers: {} });
}

interface Request {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask<Found>(admin: string, path: string, { headers, ...request }: Request): Promise<Found | number> {
  const token = process.env[TOKEN_VARIABLE] ?? '';
  const base = `${URL.parse(admin)?.href.replace(/\/+$/, '') ?? ''}/`;
  if (!/^https?:/.test(base)) throw new UsageError(`--admin is a URL such as http://127.0.0.1:8090, not ${admin}`);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${base}${path}`, {
      ...request,
      headers: { ...headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      // The token is for this address and no other.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await answer.text();
  } catch (error) {
    say(`cannot reach the admin API at ${base}: ${causeOf(error)}`);
    return EXIT.ADMIN_UNREACHABLE;
  }
  try {
    if (answer.ok) return JSON.parse(text) as Found;
    say(`the admin API at ${base} answers ${answer.status}: ${(JSON.parse(text) as Problem).detail}`);
  } catch {
    say(`what answers at ${base} is no admin API of Ballast`);
  }
  return EXIT.FAILED;
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

function inWords({ request, outcome, failure, route, lost, moreLost, pool }: Explanation): string {
  const lines = [`${request.method} ${request.host}${request.path}`];
  for (const { number, reason } of lost) lines.push(`  route ${number}: no, ${reason}`);
  if (moreLost > 0) lines.push(`  and ${moreLost} more that do not match`);
  if (route !== null) lines.push(`  route ${route.number}: ${route.reason}, pool ${route.pool}`);
  if (pool !== null) {
    lines.push(`pool ${pool.name}, ${pool.policy}${pool.isPanic ? ', panic' : ''}`, ...pool.backends.map(backendLine));
  }
  const end = failure === null ? '' : `: ${failure.status} ${failure.code}, ${failure.text}`;
  return `${[...lines, `${outcome}${end}`].join('\n')}\n`;
}

function backendLine({ name, url, isCandidate, reason, share }: ExplainedBackend): string {
  const percent = share === null ? 'a share that follows load' : `${Math.round(share * 1000) / 10} %`;
  const what = isCandidate ? percent : 'not asked';
  return `  ${name} (${url}): ${what}${reason === '' ? '' : `, ${reason}`}`;
}

function backendInWords({ pool, backend, state, why, next, events }: BackendExplanation): string {
  const told = events.map(({ atMs, text, origin }) => `  ${new Date(atMs).toISOString()} ${text} (${origin})`);
  return `${[`${pool}/${backend}: ${state}`, ...why, ...next, ...told].join('\n')}\n`;
}

function say(text: string): void {
  process.stderr.write(`ballast: ${text}\n`);
}
