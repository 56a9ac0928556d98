/**
 * `ballast explain`: which route takes a request, why the others do not, and who could get it.
 *
 * It asks a running balancer over its admin API; with `-c FILE` it looks at a config alone, as if
 * every backend in it were up. Nothing is sent to a backend either way.
 */
import { Command } from 'commander';
import { formatDiagnostic, loadConfigFile, TOKEN_VARIABLE } from '../config/load.ts';
import { explanationOf } from '../control-plane/explain.ts';
import { explainFile } from '../control-plane/explain-file.ts';
import { QuestionError, requestOf } from '../control-plane/explain-question.ts';
import type { ExplainedBackend, ExplainQuestion, Explanation, Problem } from '../protocol/admin-api.ts';
import { EXIT, UsageError } from './exit-codes.ts';

const TIMEOUT_MS = 10_000;

interface ExplainOptions {
  readonly url: string;
  readonly method: string;
  readonly host?: string;
  readonly config?: string;
  readonly admin: string;
  readonly json?: true;
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('Say which route takes a request and why, and which backends could get it.')
    .requiredOption('--url <url>', 'as a client would ask, such as http://api.example.com/v1')
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
  const question = questionOf(options);
  const found = options.config === undefined ? await ask(options.admin, question) : inFile(options.config, question);
  if (typeof found === 'number') return found;
  process.stdout.write(options.json === true ? `${JSON.stringify(found, null, 2)}\n` : inWords(found));
  return EXIT.DONE;
}

function questionOf({ url, method, host }: ExplainOptions): ExplainQuestion {
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

async function ask(admin: string, question: ExplainQuestion): Promise<Explanation | number> {
  const token = process.env[TOKEN_VARIABLE] ?? '';
  const base = `${URL.parse(admin)?.href.replace(/\/+$/, '') ?? ''}/`;
  if (!/^https?:/.test(base)) throw new UsageError(`--admin is a URL such as http://127.0.0.1:8090, not ${admin}`);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${base}api/v1/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(question),
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
    if (answer.ok) return JSON.parse(text) as Explanation;
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

function say(text: string): void {
  process.stderr.write(`ballast: ${text}\n`);
}
