/**
 * The effective config as a tree of rows to look at: which are shown for a filter and for what is
 * folded, and the same as YAML: pure. Used by `effective-view.tsx`.
 *
 * A thousand backends are a thousand folded rows, a hundred at a time; what is in them is made
 * only where it is looked at or matches.
 */
import { flowOf, keyText } from './yaml-text.ts';

export type Origin = 'default' | 'file' | 'environment' | 'flag' | 'runtime';
/** `set`: whatever is not a default. */
export type OriginFilter = 'all' | 'set' | Origin;

/** As `GET /api/v1/config` tells a setting. */
export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
  readonly line?: number;
  readonly column?: number;
  readonly by?: string;
  readonly inForce?: unknown;
}

export interface ConfigNode {
  /** Keys and indexes from the root, such as `pools/web/backends/0`. */
  readonly id: string;
  /** Null for an entry of a list. */
  readonly key: string | null;
  readonly setting: Setting | null;
  readonly children: readonly ConfigNode[];
  readonly isList: boolean;
  /** Settings in it, and those that are no defaults. */
  readonly count: number;
  readonly setCount: number;
  readonly runtimeCount: number;
}

export interface ConfigRow {
  readonly node: ConfigNode;
  readonly depth: number;
  /** Whether its children are among the rows; null where it has none. */
  readonly isOpen: boolean | null;
}

/** Stands for children that are not shown yet. */
export interface MoreRow {
  readonly parent: ConfigNode;
  readonly depth: number;
  readonly shown: number;
  readonly count: number;
}

const CHILDREN_AT_ONCE = 100;
/** From here on the entries of a list are told in a line each. */
const FOLD_FROM = 12;

export function configTree(settings: unknown): ConfigNode {
  return nodeOf(settings, '', null);
}

function nodeOf(value: unknown, id: string, key: string | null): ConfigNode {
  if (isSetting(value)) {
    const isSet = value.origin !== 'default';
    const runtimeCount = value.origin === 'runtime' ? 1 : 0;
    return { id, key, setting: value, children: [], isList: false, count: 1, setCount: isSet ? 1 : 0, runtimeCount };
  }
  const isList = Array.isArray(value);
  const entries: readonly (readonly [string, unknown])[] = Object.entries((value ?? {}) as object);
  const children = entries.map(([name, inner]) =>
    nodeOf(inner, id === '' ? name : `${id}/${name.replaceAll('/', '%2F')}`, isList ? null : name),
  );
  return withChildren({ id, key, setting: null, children, isList, count: 0, setCount: 0, runtimeCount: 0 }, children);
}

/** A section may have a key `origin` of its own, and that is none of these. */
function isSetting(value: unknown): value is Setting {
  return typeof value === 'object' && value !== null && 'origin' in value && typeof value.origin === 'string';
}

export interface TreeFilter {
  readonly text: string;
  readonly origin: OriginFilter;
}

/** The same tree with only the settings that match; null where none does. */
export function filterTree(node: ConfigNode, { text, origin }: TreeFilter): ConfigNode | null {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 && origin === 'all') return node;
  const keep = (each: ConfigNode): ConfigNode | null => {
    if (each.setting !== null) return matches(each, each.setting, words, origin) ? each : null;
    // What is found by its value is told with what it belongs to.
    const isFound = each.key === null && isEntryFound(each, words);
    const kept = each.children.flatMap((child) => (isFound ? only(child, origin) : keep(child)) ?? []);
    return kept.length === 0 ? null : withChildren(each, kept);
  };
  return keep(node);
}

/** `backends: - name: b7` is found by `b7`, with its weight and all. */
function isEntryFound(entry: ConfigNode, words: readonly string[]): boolean {
  if (words.length === 0) return false;
  const text = entry.children
    .filter(({ key }) => key === 'name' || key === 'url')
    .map(({ setting }) => `${String(setting?.value ?? '')} ${String(setting?.inForce ?? '')}`)
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function only(node: ConfigNode, origin: OriginFilter): ConfigNode | null {
  return filterTree(node, { text: '', origin });
}

function matches({ id }: ConfigNode, setting: Setting, words: readonly string[], origin: OriginFilter): boolean {
  const isOrigin = origin === 'all' || (origin === 'set' ? setting.origin !== 'default' : setting.origin === origin);
  if (!isOrigin) return false;
  if (words.length === 0) return true;
  const place = setting.line === undefined ? '' : `:${setting.line}`;
  const values = `${flowOf(setting.value)} ${flowOf(setting.inForce ?? '')} ${setting.by ?? ''}`;
  const text = `${id.replaceAll('/', ' ')} ${id} ${values} ${originWord(setting.origin)} ${place}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function withChildren(node: ConfigNode, children: readonly ConfigNode[]): ConfigNode {
  const sum = (of: (child: ConfigNode) => number): number => children.reduce((total, child) => total + of(child), 0);
  return {
    ...node,
    children,
    // What is empty is a default as well.
    count: children.length === 0 ? 1 : sum((child) => child.count),
    setCount: sum((child) => child.setCount),
    runtimeCount: sum((child) => child.runtimeCount),
  };
}

/**
 * What is open where nobody has said otherwise: not what only has defaults, not the entries of a
 * long list, and of many pools only those that were changed at run time.
 */
export function isOpenByItself(node: ConfigNode, parent: ConfigNode | null): boolean {
  if (node.id === '') return true;
  if (node.setCount === 0) return false;
  if (parent?.isList === true) return parent.children.length < FOLD_FROM && node.runtimeCount > 0;
  if (parent?.id === 'pools' && parent.children.length >= FOLD_FROM) return node.runtimeCount > 0;
  return true;
}

/** The rows of the tree, top to bottom. `toggled`: what is not as it is by itself; `more`: how many children are shown. */
export function rowsOf(
  root: ConfigNode,
  toggled: ReadonlySet<string>,
  more: ReadonlyMap<string, number>,
  isAllOpen: boolean,
): (ConfigRow | MoreRow)[] {
  const rows: (ConfigRow | MoreRow)[] = [];
  const walk = (node: ConfigNode, parent: ConfigNode | null, depth: number): void => {
    const isLeaf = node.setting !== null || node.children.length === 0;
    const isOpen = (isAllOpen || isOpenByItself(node, parent)) !== toggled.has(node.id);
    if (node.id !== '') rows.push({ node, depth, isOpen: isLeaf ? null : isOpen });
    if (isLeaf || !isOpen) return;
    const limit = more.get(node.id) ?? CHILDREN_AT_ONCE;
    const inner = node.id === '' ? 0 : depth + 1;
    for (const child of node.children.slice(0, limit)) walk(child, node, inner);
    const count = node.children.length;
    if (count > limit) rows.push({ parent: node, depth: inner, shown: limit, count });
  };
  walk(root, null, 0);
  return rows;
}

export const isMore = (row: ConfigRow | MoreRow): row is MoreRow => 'parent' in row;

/** How many are shown after one more click. */
export const nextLimit = ({ shown }: MoreRow): number => shown + CHILDREN_AT_ONCE;

/** A folded section in a line: its settings that are no defaults, in flow notation. */
export function summaryOf(node: ConfigNode): string {
  if (node.children.length === 0) return node.isList ? '[]' : '{}';
  if (node.isList) return node.children.length === 1 ? '1 entry' : `${node.children.length} entries`;
  const told = node.children
    .filter(({ setCount, setting }) => setCount > 0 && setting !== null)
    .map(({ key, setting }) => `${keyText(key ?? '')}: ${flowOf(setting?.value)}`);
  const nested = node.children.filter(({ setCount, setting }) => setCount > 0 && setting === null);
  const rest = nested.map(({ key }) => `${keyText(key ?? '')}: …`);
  if (told.length + rest.length > 0) return `{ ${[...told, ...rest].join(', ')} }`;
  return node.count === 1 ? '1 default' : `${node.count} defaults`;
}

/** A whole tree as YAML: a file with the same meaning, but for secrets. */
export function yamlOf(root: ConfigNode): string {
  const lines: string[] = [];
  const walk = (node: ConfigNode, indent: string, prefix: string): void => {
    const head = node.key === null ? '' : `${keyText(node.key)}:`;
    if (node.setting !== null) {
      lines.push(`${prefix}${head}${head === '' ? '' : ' '}${flowOf(node.setting.value)}`);
      return;
    }
    if (node.children.length === 0) {
      lines.push(`${prefix}${head}${head === '' ? '' : ' '}${node.isList ? '[]' : '{}'}`);
      return;
    }
    const isEntry = node.key === null;
    if (!isEntry) lines.push(`${prefix}${head}`);
    // An entry of a list begins on the line of its dash.
    const inner = isEntry ? indent : `${indent}  `;
    for (const [index, child] of node.children.entries()) {
      const own = child.key === null ? `${inner}- ` : inner;
      if (child.key === null) walk(child, `${inner}  `, own);
      else walk(child, inner, isEntry && index === 0 ? prefix : own);
    }
  };
  for (const child of root.children) walk(child, '', '');
  return `${lines.join('\n')}\n`;
}

const ORIGIN_WORDS: Readonly<Record<Origin, string>> = {
  default: 'default',
  file: 'file',
  environment: 'environment',
  flag: 'command line',
  runtime: 'run time',
};

export const originWord = (origin: Origin): string => ORIGIN_WORDS[origin];

/** Where a value is from: `ballast.yaml:12`, `${B2}`, `--to`, `run time`, `default`. */
export function originText({ origin, line, by }: Setting, file: string | null): string {
  const place = line === undefined || file === null ? null : `${file}:${line}`;
  if (origin === 'file') return place ?? 'file';
  if (origin === 'environment') return [by ?? 'environment', place].filter((part) => part !== null).join(' ');
  if (origin === 'flag') return by ?? 'command line';
  return originWord(origin);
}
