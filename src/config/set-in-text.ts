/**
 * Sets one setting in the text of a config file and leaves every other character as it is: pure.
 *
 * The parser says where things stand, and the text is cut there: writing a parsed document out
 * again would lay out anew what somebody has laid out with care. Called by the config editor,
 * which loads the result and looks whether this setting and no other has changed; so what is
 * strange here (anchors, merge keys) is left to that look.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { shieldVariables, unshieldVariables } from './interpolate.ts';

export type SetInText =
  | { readonly isSet: true; readonly text: string }
  | { readonly isSet: false /** Why not: the middle of a sentence. */; readonly problem: string };

/** `path`: keys and indexes; all but the last must be there. A backend in short form is its own `url`. */
export function setInText(text: string, path: readonly (string | number)[], value: string | number): SetInText {
  const shielded = shieldVariables(text);
  const document = parseDocument(shielded, { prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) return no('the file is not valid YAML');
  const key = String(path.at(-1));
  let node: Node | null = document.contents;
  for (const step of path.slice(0, -1)) {
    if (isAlias(node)) return no(`\`*${node.source}\` stands in its place, and what it names may be used elsewhere`);
    node = childOf(node, step);
  }
  if (isAlias(node)) return no(`\`*${node.source}\` stands in its place, and what it names may be used elsewhere`);
  if (isScalar(node)) return shortForm(text, shielded, node, key, value);
  if (!isMap(node)) return no('the file does not have the map that it belongs in');
  const old = childOf(node, key);
  if (isAlias(old)) return no(`\`*${old.source}\` stands there, and what it names may be used elsewhere`);
  if (old !== null && !isScalar(old)) return no('something else than a plain value stands there');
  const written = text.slice(...(rangeOf(old) ?? [0, 0]));
  if (written.includes('${')) return no(`the file has a variable there: ${written}`);
  const edit = old === null ? added(shielded, node, key, value) : replaced(shielded, old, value);
  return edit === null ? no('its place in the file cannot be told') : { isSet: true, text: carryOut(text, edit) };
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function carryOut(text: string, { from, to, text: by }: Edit): string {
  return text.slice(0, from) + by + text.slice(to);
}

function childOf(node: Node | null, key: string | number): Node | null {
  if (isSeq(node)) return (node.items[Number(key)] ?? null) as Node | null;
  if (!isMap(node)) return null;
  const pair = node.items.find((item) => isScalar(item.key) && unshieldVariables(String(item.key.value)) === key);
  return (pair?.value ?? null) as Node | null;
}

function replaced(text: string, old: Scalar, value: string | number): Edit | null {
  const { range, type } = old;
  if (range == null) return null;
  const [from, to] = range;
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') return null;
  const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
  const quote = type === 'QUOTE_SINGLE' ? "'" : '"';
  const words = isQuoted && typeof value === 'string' ? `${quote}${value}${quote}` : String(value);
  // `weight:` with nothing behind it.
  return { from, to, text: from === to && text[from - 1] === ':' ? ` ${words}` : words };
}

function added(text: string, map: YAMLMap, key: string, value: string | number): Edit | null {
  const [from] = map.range ?? [];
  const [first] = map.items;
  const last = map.items.at(-1);
  if (from === undefined) return null;
  if (first === undefined || last === undefined) {
    return map.flow === true ? { from: from + 1, to: from + 1, text: ` ${key}: ${value} ` } : null;
  }
  return map.flow === true ? addedToFlow(text, last, key, value) : addedToBlock(text, first, key, value);
}

type Item = YAMLMap['items'][number];

/** Behind the last setting of `{ … }`, on a line of its own where that one is. */
function addedToFlow(text: string, last: Item, key: string, value: string | number): Edit | null {
  const [lastKey, end] = [rangeOf(last.key), rangeOf(last.value)?.[1] ?? rangeOf(last.key)?.[1]];
  if (lastKey === null || end === undefined) return null;
  const before = text.slice(text.lastIndexOf('\n', lastKey[0] - 1) + 1, lastKey[0]);
  const isOnOwnLine = before.trim() === '';
  const words = isScalar(last.key) && last.key.type === 'QUOTE_DOUBLE' ? inJson(key, value) : `${key}: ${value}`;
  return { from: end, to: end, text: isOnOwnLine ? `,${lineEnd(text)}${before}${words}` : `, ${words}` };
}

/** Below the first setting where that is one line, else above it: what follows may be long. */
function addedToBlock(text: string, first: Item, key: string, value: string | number): Edit | null {
  const range = rangeOf(first.key);
  if (range === null) return null;
  const [start] = range;
  const indent = ' '.repeat(start - text.lastIndexOf('\n', start - 1) - 1);
  const end = rangeOf(first.value)?.[1];
  const isOneLine = isScalar(first.value) && end !== undefined && !text.slice(start, end).includes('\n');
  if (!isOneLine) return { from: start, to: start, text: `${key}: ${value}${lineEnd(text)}${indent}` };
  const newline = text.indexOf('\n', end);
  const at = newline < 0 ? text.length : text[newline - 1] === '\r' ? newline - 1 : newline;
  return { from: at, to: at, text: `${lineEnd(text)}${indent}${key}: ${value}` };
}

/** `http://…` becomes `{ url: http://…, weight: 5 }`. */
function shortForm(text: string, shielded: string, node: Scalar, key: string, value: string | number): SetInText {
  if (node.range == null || node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    return no('its place in the file cannot be told');
  }
  const [from, to] = node.range;
  const url = text.slice(from, to);
  const isJson = node.type === 'QUOTE_DOUBLE' && shielded.trimStart().startsWith('{');
  const shown = node.type === 'PLAIN' && /[[\]{},]/.test(shielded.slice(from, to)) ? JSON.stringify(url) : url;
  const map = isJson ? `{ "url": ${url}, ${inJson(key, value)} }` : `{ url: ${shown}, ${key}: ${value} }`;
  return { isSet: true, text: carryOut(text, { from, to, text: map }) };
}

function inJson(key: string, value: string | number): string {
  return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
}

function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function rangeOf(node: unknown): readonly [number, number] | null {
  const { range } = (node ?? {}) as { readonly range?: readonly [number, number, number] | null };
  return range == null ? null : [range[0], range[1]];
}

function no(problem: string): SetInText {
  return { isSet: false, problem };
}
