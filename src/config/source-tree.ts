/**
 * Turns a parsed YAML document into plain values, and keeps where each one stands.
 *
 * Called by `source.ts`. Every key is checked here once: duplicates, names that JavaScript gives
 * a meaning of its own, keys that are no words. Aliases and merge keys (`<<`) are followed, with a
 * bound on how much they may make of a small file.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type Environment, interpolate, unshieldVariables } from './interpolate.ts';
import { type Problem, problem, problemAtKey } from './problems.ts';
import { isSecretKey } from './secrets.ts';

/** Offsets into the text: from the first character to behind the last. */
export type Span = readonly [from: number, to: number];

/** Where a value stands, and the values in it. */
export interface SourceNode {
  readonly keySpan: Span | null;
  readonly span: Span;
  readonly isScalar: boolean;
  readonly children: ReadonlyMap<PropertyKey, SourceNode>;
}

/** A problem with its own place in the text. */
export interface PlacedProblem {
  readonly problem: Problem;
  readonly span: Span;
}

export interface SourceTree {
  readonly value: unknown;
  readonly root: SourceNode;
  readonly problems: readonly PlacedProblem[];
  /** Values that must never be shown. */
  readonly secretSpans: readonly Span[];
}

type Path = readonly PropertyKey[];
type Built = readonly [value: unknown, node: SourceNode];

// These only stop aliases of aliases of aliases: a pool of 10,000 backends stays below them.
const MAX_VALUES = 200_000;
const MAX_ALIASES = 1_000;
const MAX_DEPTH = 32;

/** Builds the tree of a document that was parsed from shielded text. */
export function buildTree(document: Document.Parsed, text: string, environment: Environment): SourceTree {
  const builder = new TreeBuilder(document, text, environment);
  const [value, root] = builder.build(document.contents, [], null, 0);
  return { value, root, problems: builder.problems, secretSpans: builder.secretSpans };
}

class TreeBuilder {
  readonly problems: PlacedProblem[] = [];
  readonly secretSpans: Span[] = [];
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #environment: Environment;
  /** Where the lines end; null until somebody asks. */
  #newlines: number[] | null = null;
  #values = 0;
  #aliases = 0;

  constructor(document: Document.Parsed, text: string, environment: Environment) {
    this.#document = document;
    this.#text = text;
    this.#environment = environment;
  }

  build(node: Node | null, path: Path, keySpan: Span | null, depth: number): Built {
    const span = spanOf(node) ?? keySpan ?? [0, 0];
    if (isAlias(node)) this.#aliases++;
    if (++this.#values > MAX_VALUES || this.#aliases > MAX_ALIASES || depth > MAX_DEPTH) {
      // Said once: the rest of such a file is of no interest.
      if (!this.problems.some((each) => each.problem.code === 'yaml-too-large')) {
        this.#report(problem('yaml-too-large', path, 'aliases or nesting make this larger than any real config'), span);
      }
      return [null, leaf(keySpan, span)];
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) {
        this.#report(problem('yaml-alias-unknown', path, `there is no anchor \`&${node.source}\` before this`), span);
        return [null, leaf(keySpan, span)];
      }
      return this.build(target, path, keySpan, depth + 1);
    }
    if (isMap(node)) return this.#buildMap(node, path, keySpan, span, depth);
    if (isSeq(node)) return this.#buildList(node, path, keySpan, span, depth);
    if (!isScalar(node)) return [null, leaf(keySpan, span)];
    return [this.#scalarValue(node, path, span), leaf(keySpan, span)];
  }

  #buildMap(map: YAMLMap, path: Path, keySpan: Span | null, span: Span, depth: number): Built {
    const value: Record<string, unknown> = {};
    const children = new Map<PropertyKey, SourceNode>();
    const merged: Built[] = [];
    for (const pair of map.items) {
      const inner = isNode(pair.value) ? pair.value : null;
      const ownSpan = spanOf(isNode(pair.key) ? pair.key : null) ?? span;
      const key = this.#keyOf(pair.key, path, ownSpan);
      if (key === null) continue;
      const place = [...path, key];
      if (key === '<<') {
        merged.push(...this.#buildMerged(inner, path, ownSpan, depth));
        continue;
      }
      if (isSecretKey(key)) this.#keepSecret(inner);
      const [innerValue, child] = this.build(inner, place, ownSpan, depth + 1);
      const first = children.get(key);
      if (first?.keySpan !== undefined && first.keySpan !== null) {
        const line = this.#lineOf(first.keySpan[0]);
        this.#report(problemAtKey('duplicate-key', place, `\`${key}\` already stands at line ${line}`), ownSpan);
        continue;
      }
      value[key] = innerValue;
      children.set(key, child);
    }
    for (const [mergedValue, node] of merged) {
      for (const [key, child] of node.children) {
        if (typeof key !== 'string' || children.has(key)) continue;
        value[key] = (mergedValue as Readonly<Record<string, unknown>>)[key];
        children.set(key, child);
      }
    }
    return [value, { keySpan, span, isScalar: false, children }];
  }

  /** The maps behind `<<: *a` or `<<: [*a, *b]`; keys of the map itself and of earlier ones win. */
  #buildMerged(node: Node | null, path: Path, keySpan: Span, depth: number): Built[] {
    const sources: readonly unknown[] = isSeq(node) ? node.items : [node];
    return sources.flatMap((source) => {
      const built = this.build(isNode(source) ? source : null, path, keySpan, depth + 1);
      const isPlainMap = typeof built[0] === 'object' && built[0] !== null && !Array.isArray(built[0]);
      if (!isPlainMap) this.#report(problem('type-mismatch', [...path, '<<'], 'only a map can be merged in'), keySpan);
      return isPlainMap ? [built] : [];
    });
  }

  #buildList(list: YAMLSeq, path: Path, keySpan: Span | null, span: Span, depth: number): Built {
    const value: unknown[] = [];
    const children = new Map<PropertyKey, SourceNode>();
    for (const [index, item] of list.items.entries()) {
      const [innerValue, child] = this.build(isNode(item) ? item : null, [...path, index], null, depth + 1);
      value.push(innerValue);
      children.set(index, child);
    }
    return [value, { keySpan, span, isScalar: false, children }];
  }

  #keyOf(node: unknown, path: Path, span: Span): string | null {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (!isScalar(target) || target.value === null) {
      this.#report(problem('key-invalid', path, 'a key must be a plain word'), span);
      return null;
    }
    const key = unshieldVariables(
      typeof target.value === 'string' ? target.value : (target.source ?? String(target.value)),
    );
    if (key in Object.prototype || key === 'prototype') {
      this.#report(problem('key-refused', path, `\`${key}\` cannot be the name of anything here`), span);
      return null;
    }
    return key;
  }

  #scalarValue(node: Scalar, path: Path, span: Span): unknown {
    // Tags such as `!!binary` make objects, whose own keys must never pass for those of the file.
    if (typeof node.value === 'object' && node.value !== null) {
      const text = `the tag \`${(node.tag ?? '').replace('tag:yaml.org,2002:', '!!')}\` has no meaning here`;
      this.#report(problem('yaml-tag-unknown', path, text, 'leave the tag out'), span);
      return null;
    }
    if (typeof node.value !== 'string') return node.value;
    const { text, faults } = interpolate(unshieldVariables(node.value), this.#environment);
    for (const { reading, occurrence } of faults) {
      const { code, message, suggestion } = reading;
      this.#report(problem(code, path, message, suggestion), this.#variableSpan(span, occurrence));
    }
    return text;
  }

  /** Where the nth `${` of a value stands in the text. */
  #variableSpan(span: Span, occurrence: number): Span {
    let from = span[0] - 1;
    for (let count = 0; count <= occurrence; count++) from = this.#text.indexOf('${', from + 1);
    if (from < span[0] || from >= span[1]) return span;
    const end = this.#text.indexOf('}', from);
    return [from, end < 0 || end >= span[1] ? span[1] : end + 1];
  }

  #lineOf(offset: number): number {
    if (this.#newlines === null) {
      this.#newlines = [];
      for (let at = this.#text.indexOf('\n'); at >= 0; at = this.#text.indexOf('\n', at + 1)) this.#newlines.push(at);
    }
    let [from, to] = [0, this.#newlines.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#newlines[middle] ?? 0) < offset) from = middle + 1;
      else to = middle;
    }
    return from + 1;
  }

  #keepSecret(node: Node | null): void {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    const span = spanOf(target ?? null);
    if (span !== null) this.secretSpans.push(span);
  }

  #report(found: Problem, span: Span): void {
    this.problems.push({ problem: found, span });
  }
}

function leaf(keySpan: Span | null, span: Span): SourceNode {
  return { keySpan, span, isScalar: true, children: new Map() };
}

function spanOf(node: Node | null): Span | null {
  const range = node?.range ?? null;
  return range === null ? null : [range[0], range[1]];
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}
