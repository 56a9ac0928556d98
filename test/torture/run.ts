/**
 * `npm run torture`: runs the long checks behind the promises, one after another, prints what each
 * found and the table of promises, and writes `docs/reliability.md`. Promises named on the command
 * line are the only ones then. With `--page` nothing is run: the page is written anew from the
 * results that are there. Exits 1 where a promise is broken.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { currentCommit } from '../../bench/machine.ts';
import { machineLine } from './machine-line.ts';
import { reliabilityPage } from './page.ts';
import { CHECKS, type Check, PROMISES, promisesOf } from './promises.ts';
import { type Row, readResults, writeResults } from './results.ts';
import { outcomeOf, readVerdicts } from './verdict-lines.ts';

const USAGE = `Usage: npm run torture -- [${PROMISES[0]?.id} … ${PROMISES.at(-1)?.id}] [--quick] [--seed TEXT] [--soak SECONDS] [--page]`;
const PAGE = new URL('../../docs/reliability.md', import.meta.url);
const MOST_SHOWN = 120;

const fileOf = (check: string): URL => new URL(`../program/long/${check}.ts`, import.meta.url);

interface Options {
  readonly isQuick: boolean;
  readonly seed: string;
  readonly soak: string | undefined;
}

/** Runs one check, showing what it prints; answers what it says of each of its promises. */
async function runCheck(check: Check, { isQuick, seed, soak }: Options): Promise<[id: string, row: Row][]> {
  const soaking = soak !== undefined && check.hasSoak === true ? [`--seconds=${soak}`] : null;
  const args = soaking ?? (isQuick ? check.quick : []);
  console.log(`\n${check.name} ${args.join(' ')}`);
  const startMs = performance.now();
  const child = spawn(process.execPath, [fileOf(check.name).pathname, ...args], {
    env: { ...process.env, SEED: seed },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    process.stdout.write(text);
  });
  const [exit] = (await once(child, 'close')) as [number | null];
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const verdicts = readVerdicts(stdout);
  const commit = currentCommit();
  return promisesOf(check.name).map((promised) => [
    promised.id,
    { ...outcomeOf(promised, verdicts, exit), seed, commit, seconds },
  ]);
}

function printTable(rows: Readonly<Record<string, Row>>): void {
  console.log('');
  for (const { id, promise, passLine } of PROMISES) {
    const row = rows[id];
    const verdict = row === undefined ? 'not run' : row.isPassed ? 'kept' : 'BROKEN';
    console.log(`${id.padEnd(4)}${verdict.padEnd(9)}${promise}`);
    console.log(`             must be:  ${passLine}`);
    if (row !== undefined) console.log(`             measured: ${row.measured}`);
    for (const fault of row?.faults.slice(0, 3) ?? [])
      console.log(`             wrong:    ${fault.slice(0, MOST_SHOWN)}`);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      seed: { type: 'string', default: 'ballast' },
      soak: { type: 'string' },
      page: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((id) => !PROMISES.some((one) => one.id === id));
  if (unknown.length > 0) {
    console.error(`there is no ${unknown.join(', ')}\n${USAGE}`);
    return 2;
  }
  if (values.page) {
    writeFileSync(PAGE, reliabilityPage(readResults()));
    return 0;
  }
  const options = { isQuick: values.quick, seed: values.seed, soak: values.soak };
  const isWanted = ({ name }: Check): boolean =>
    positionals.length === 0 || promisesOf(name).some(({ id }) => positionals.includes(id));
  console.log(`seed ${options.seed}`);
  const found: Record<string, Row> = {};
  for (const check of CHECKS.filter(isWanted)) {
    if (existsSync(fileOf(check.name))) Object.assign(found, Object.fromEntries(await runCheck(check, options)));
    else console.log(`\n${check.name} is not there`);
  }
  printTable(found);
  // A small run proves less than the page claims.
  if (!options.isQuick) {
    const results = { machine: machineLine(), rows: { ...readResults().rows, ...found } };
    writeResults(results);
    writeFileSync(PAGE, reliabilityPage(results));
    console.log('\nwritten: docs/reliability.md');
  }
  return Object.values(found).every(({ isPassed }) => isPassed) ? 0 : 1;
}

process.exitCode = await main();
