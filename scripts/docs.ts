/**
 * `npm run docs`: writes the pages of `docs/` that follow from the code. With `--check` it only
 * says which of them are out of date, and fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICIES } from '../src/balancing/policies.ts';
import { configReference } from '../src/config/reference.ts';
import { FAILURES } from '../src/protocol/failures.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs');

const PAGES: Readonly<Record<string, () => string>> = {
  'config-reference.md': configReference,
  'failures.md': failuresPage,
  'policies.md': policiesPage,
};

function failuresPage(): string {
  const rows = FAILURES.map(({ code, side, stage, status, retry, blamesBackend, text }) =>
    row([`\`${code}\``, side, stage, status === 0 ? 'none' : `${status}`, retry, blamesBackend ? 'yes' : 'no', text]),
  );
  return `${[
    '# Failure codes',
    '',
    'Everything that can go wrong with a request, by its stable code. The code stands in the answer',
    'that Ballast makes, in the metrics and on the dashboard. *Another try* says when the request may',
    'go to another backend: `safe` always, since nothing of it was sent; `if-idempotent` if the method',
    'may be repeated and the body was kept; `never` otherwise. *Counts* says whether it counts towards',
    'taking the backend out of rotation.',
    '',
    row(['code', 'side', 'stage', 'status', 'another try', 'counts', 'meaning']),
    row(['---', '---', '---', '---', '---', '---', '---']),
    ...rows,
  ].join('\n')}\n`;
}

function policiesPage(): string {
  const rows = POLICIES.map(({ name, summary, usesWeights }) =>
    row([`\`${name}\``, summary, usesWeights ? 'yes' : 'no']),
  );
  return `${[
    '# Policies',
    '',
    'A policy chooses the backend of each request among those that are available. It can be changed',
    'while traffic flows, in the dashboard or by `PATCH /api/v1/pools/:pool`.',
    '',
    row(['policy', 'what it does', 'uses weights']),
    row(['---', '---', '---']),
    ...rows,
  ].join('\n')}\n`;
}

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function current(page: string): string {
  try {
    return readFileSync(join(FOLDER, page), 'utf8');
  } catch {
    return '';
  }
}

const isCheck = process.argv.includes('--check');
const stale = Object.entries(PAGES).filter(([page, write]) => current(page) !== write());
for (const [page, write] of stale) {
  if (isCheck) process.stderr.write(`docs/${page} is out of date: run npm run docs\n`);
  else writeFileSync(join(FOLDER, page), write());
}
if (isCheck && stale.length > 0) process.exitCode = 1;
