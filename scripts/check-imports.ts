/**
 * Proves that imports point down only, as the diagram in ARCHITECTURE.md draws it; part of
 * `npm run check`. Prints one line a violation and exits 1 if there is any.
 *
 * What it holds to:
 * - a folder of `src/` imports only the folders listed for it in `MAY_IMPORT`;
 * - nothing in `src/` imports the dashboard, the demo, the benchmarks or the tests;
 * - the dashboard imports from `src/` types of the protocol, and nothing else;
 * - the data plane and all below it use no npm package, the two pure libraries no I/O;
 * - two folders take values from each other in one direction only, whatever the list allows;
 * - one file names `Worker`; no file is called `index.ts`, `utils`, `helpers`, `common` or `types`.
 *
 * Tests (`*.test.ts`) may import anything.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of `src/`, top to bottom, and what each may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['control-plane', 'config', 'state', 'protocol', 'balancing'],
  'control-plane': ['config', 'state', 'protocol', 'balancing'],
  'data-plane': ['config', 'state', 'protocol', 'balancing', 'http1'],
  config: ['state', 'protocol', 'balancing', 'http1'],
  state: ['protocol'],
  // For the type of the memory that a worker is handed; state takes the table of failures.
  protocol: ['state'],
  http1: ['protocol'],
  balancing: [],
};

/** Folders that use Node's own modules only. */
const WITHOUT_PACKAGES = new Set(['data-plane', 'state', 'protocol', 'http1', 'balancing']);
/** Folders that do no I/O and know no clock or thread. */
const PURE = new Set(['http1', 'balancing']);
const PURE_MODULES = new Set(['node:buffer']);
const WORKER_OWNER = 'src/control-plane/workers/supervisor.ts';
const MEANINGLESS_NAME = /^(index|utils?|helpers?|common|types|misc)\.tsx?$/;

export interface Import {
  readonly specifier: string;
  /** `import type` and `export type`: gone before the program runs. */
  readonly isTypeOnly: boolean;
  readonly line: number;
  /** The statement as it stands. */
  readonly text: string;
}

/** The static imports, re-exports and literal `import()` of a source text. */
export function importsOf(source: string): Import[] {
  // Comments become blanks of the same length, so that lines keep their numbers.
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{}()])\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const found: Import[] = [];
  const statement =
    /(?<=^|[;\s])(?:import|export)\s+(type\s)?(?:[^'";]*?\bfrom\s*)?(['"])([^'"\n]+)\2|\bimport\(\s*(['"])([^'"\n]+)\4/g;
  for (const match of code.matchAll(statement)) {
    const specifier = match[3] ?? match[5];
    if (specifier === undefined) continue;
    const line = code.slice(0, match.index).split('\n').length;
    found.push({ specifier, isTypeOnly: match[1] !== undefined, line, text: match[0] });
  }
  return found;
}

/**
 * All violations in a tree of sources.
 * @param files text by path, relative to the root with `/` between folders
 */
export function importProblems(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const edges = new Map<string, string>();
  for (const [file, text] of files) {
    const name = file.slice(file.lastIndexOf('/') + 1);
    if (MEANINGLESS_NAME.test(name))
      problems.push(`${file}: '${name}' says nothing; name the file after what it exports`);
    if (/\.test\.tsx?$/.test(name)) continue;
    for (const one of importsOf(text)) {
      const problem = one.specifier.startsWith('.') ? checkLocal(file, one, edges) : checkModule(file, one);
      if (problem !== null) problems.push(`${file}:${one.line}: ${problem}`);
    }
  }
  for (const [edge, file] of edges) {
    const [from, to] = edge.split(' -> ');
    const back = edges.get(`${to} -> ${from}`);
    if (back !== undefined && `${from}` < `${to}`) {
      problems.push(`${file}: folders ${from} and ${to} import each other (the other way in ${back})`);
    }
  }
  return problems;
}

function checkLocal(file: string, one: Import, edges: Map<string, string>): string | null {
  const target = normalize(join(dirname(file), one.specifier)).replaceAll('\\', '/');
  const from = areaOf(file);
  const to = areaOf(target);
  if (file.startsWith('dashboard/src/')) {
    if (to === 'dashboard') return null;
    if (to !== 'protocol') return `the dashboard imports '${one.specifier}'; it may import types of src/protocol only`;
    return one.isTypeOnly ? null : `the dashboard imports a value from '${one.specifier}'; write 'import type'`;
  }
  const allowed = file.startsWith('src/') ? MAY_IMPORT[from] : null;
  if (allowed === null || from === to) return null;
  if (allowed === undefined) return `src/${from} is not in the diagram; add it to scripts/check-imports.ts`;
  if (!one.isTypeOnly) edges.set(`${from} -> ${to}`, file);
  return allowed.includes(to) ? null : `src/${from} imports '${one.specifier}'; it may import ${list(allowed)}`;
}

function checkModule(file: string, one: Import): string | null {
  const area = areaOf(file);
  if (!file.startsWith('src/')) return null;
  const isBuiltIn = one.specifier.startsWith('node:');
  if (WITHOUT_PACKAGES.has(area) && !isBuiltIn)
    return `src/${area} imports the package '${one.specifier}'; it uses none`;
  if (PURE.has(area) && !PURE_MODULES.has(one.specifier))
    return `src/${area} imports '${one.specifier}'; it does no I/O`;
  if (one.specifier === 'node:worker_threads' && /\bWorker\b/.test(one.text) && file !== WORKER_OWNER) {
    return `only ${WORKER_OWNER} names Worker`;
  }
  return null;
}

/** `src/http1/limits.ts` lies in `http1`, `demo/fleet.ts` in `demo`. */
function areaOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'src' ? second : top;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no other folder' : names.join(', ');
}

/** The project's own sources. */
function readTree(root: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const top of ['src', 'dashboard/src', 'demo', 'scripts', 'test', 'bench']) {
    for (const entry of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      const path = `${top}/${entry.replaceAll('\\', '/')}`;
      if (/\.tsx?$/.test(path) && !path.includes('/node_modules/'))
        files.set(path, readFileSync(join(root, path), 'utf8'));
    }
  }
  return files;
}

if (import.meta.main) {
  const files = readTree(fileURLToPath(new URL('..', import.meta.url)));
  const problems = importProblems(files);
  for (const problem of problems) console.error(problem);
  console.error(problems.length === 0 ? `${files.size} files import downwards only` : `${problems.length} violations`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
