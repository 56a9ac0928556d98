/**
 * Reads the text of a config file: YAML to plain values, every error of the notation, and the
 * place of every value. Called by `load.ts` only.
 *
 * A syntax error does not end the reading: the parser goes on where it can, and what it makes of
 * the rest is checked as well.
 */
import { type Document, isScalar, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { codeFrame } from './code-frame.ts';
import { type ProblemCode, severityOf } from './codes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { type Environment, shieldVariables, unshieldVariables } from './interpolate.ts';
import { formatPath, type Problem, problem } from './problems.ts';
import { buildTree, type PlacedProblem, type SourceNode, type SourceTree, type Span } from './source-tree.ts';

export interface Source {
  readonly value: unknown;
  /** Syntax, keys, aliases and variables. */
  readonly diagnostics: readonly Diagnostic[];
  /** Gives a problem of a later stage its place; null where a syntax error is the cause of it. */
  readonly diagnose: (found: Problem) => Diagnostic | null;
}

/** What a file lacks cannot be told where the parser has lost a part of it. */
const ABSENCES: ReadonlySet<ProblemCode> = new Set([
  'missing-key',
  'too-few',
  'pool-empty',
  'pool-unused',
  'pool-unknown',
  'routes-missing',
]);

/** Reads a text. `file` is only a name for the diagnostics. */
export function readSource(text: string, file: string, environment: Environment): Source {
  const lines = new LineCounter();
  const document = parse(text, lines);
  const syntax = document === null ? [tooDeep()] : syntaxProblems(document, text, lines);
  const tree = document === null ? emptyTree() : buildTree(document, text, environment);
  const place = (found: Problem, span: Span): Diagnostic => {
    const { line, col } = lines.linePos(Math.min(span[0], text.length));
    return {
      code: found.code,
      severity: severityOf(found.code),
      file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: formatPath(found.path),
      message: found.message,
      suggestion: found.suggestion,
      frame: codeFrame(text, span, tree.secretSpans),
    };
  };
  const brokenLines = new Set(syntax.map(({ span }) => lines.linePos(span[0]).line));
  // A broken line makes strange keys; its variables are what they are.
  const ofTree = tree.problems.filter(
    ({ problem: found, span }) => !found.code.startsWith('key-') || !brokenLines.has(lines.linePos(span[0]).line),
  );
  return {
    value: tree.value,
    diagnostics: [...syntax, ...ofTree].map(({ problem: found, span }) => place(found, span)),
    diagnose: (found) => {
      const diagnostic = place(found, spanAt(tree.root, found));
      const isConsequence = syntax.length > 0 && (ABSENCES.has(found.code) || brokenLines.has(diagnostic.line));
      return isConsequence ? null : diagnostic;
    },
  };
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    return parseDocument(shieldVariables(text), { lineCounter, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    // The parser works by recursion: nesting of some 10,000 levels is the one thing that throws.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The place of a problem: the value, or the nearest key above it that exists. */
function spanAt(root: SourceNode, found: Problem): Span {
  let node = root;
  for (const key of found.path) {
    const child = node.children.get(key);
    if (child === undefined) {
      // Below a scalar, such as a backend in short form, the scalar itself is meant.
      if (node.isScalar && node.span[1] > node.span[0]) return node.span;
      return node.keySpan ?? [node.span[0], node.span[0] + 1];
    }
    node = child;
  }
  // A map or list is shown by its key: the mark would run over many lines otherwise.
  if (node.keySpan !== null && (found.isAtKey || !node.isScalar || node.span[0] === node.span[1])) return node.keySpan;
  return node.isScalar ? node.span : [node.span[0], node.span[0] + 1];
}

function syntaxProblems(document: Document.Parsed, text: string, lines: LineCounter): PlacedProblem[] {
  const found: PlacedProblem[] = [];
  const seenLines = new Set<number>();
  let isLost = false;
  for (const error of [...document.errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    // Once it is lost, the parser complains about every token that follows.
    const isStray = error.message.includes('in YAML stream');
    if (isStray && (isLost || found.length > 0)) continue;
    isLost ||= isStray;
    const placed = syntaxProblem(error, document, text);
    const { line } = lines.linePos(placed.span[0]);
    if (seenLines.has(line)) continue;
    seenLines.add(line);
    found.push(placed);
  }
  const tags = document.warnings.filter((warning) => warning.code === 'TAG_RESOLVE_FAILED');
  return [
    ...found,
    ...tags.map(({ pos }) => {
      const tag = text.slice(pos[0], pos[1]);
      const suggestion = tag === '!env' ? 'write `${NAME}` for a variable' : 'leave the tag out';
      return {
        problem: problem('yaml-tag-unknown', [], `the tag \`${tag}\` has no meaning here`, suggestion),
        span: pos,
      };
    }),
  ];
}

function syntaxProblem(error: YAMLError, document: Document.Parsed, text: string): PlacedProblem {
  const span: Span = [error.pos[0], Math.max(error.pos[1], error.pos[0] + 1)];
  const from = text.lastIndexOf('\n', span[0] - 1) + 1;
  const end = text.indexOf('\n', span[0]);
  const line = text.slice(from, end < 0 ? text.length : end);
  const quote = /^Missing closing ("|')quote/.exec(error.message)?.[1];
  if (quote !== undefined) {
    const opening = lastQuoteBefore(document, span[0]) ?? span[0];
    return {
      problem: syntax('the quote that opens here is never closed', `close it with ${quote}`),
      span: [opening, opening + 1],
    };
  }
  if (/\[[0-9a-fA-F.]*:[0-9a-fA-F:.]*\]:\d/.test(line)) {
    return { problem: syntax('an address in brackets reads as a list here', 'put it in quotes: `"[::1]:8080"`'), span };
  }
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { problem: syntax('a tab cannot indent YAML', 'indent with spaces'), span };
    case 'MULTIPLE_DOCS':
      return {
        problem: syntax('a second document begins here', 'keep to one: take the `---` out'),
        span: [span[0], span[0] + 3],
      };
    case 'BAD_SCALAR_START':
      return { problem: syntax(plainMessage(error), 'put the value in quotes'), span };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { problem: syntax('a second `: ` on one line', 'put a value with `: ` in it in quotes'), span };
    case 'MULTILINE_IMPLICIT_KEY':
      return { problem: syntax('this line is neither a key nor a value', 'a key is followed by `: `'), span };
    default:
      return { problem: syntax(plainMessage(error), null), span };
  }
}

function syntax(message: string, suggestion: string | null): Problem {
  return problem('yaml-syntax', [], message, suggestion);
}

/** The words of the parser, as the middle of a sentence. */
function plainMessage(error: YAMLError): string {
  const message = unshieldVariables(error.message).split('\n')[0] ?? '';
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function lastQuoteBefore(document: Document.Parsed, offset: number): number | null {
  let opening: number | null = null;
  visit(document, (_, node) => {
    if (!isScalar(node) || (node.type !== 'QUOTE_DOUBLE' && node.type !== 'QUOTE_SINGLE')) return;
    const from = node.range?.[0] ?? offset;
    if (from < offset) opening = Math.max(opening ?? 0, from);
  });
  return opening;
}

function tooDeep(): PlacedProblem {
  return { problem: problem('yaml-too-large', [], 'the nesting is deeper than in any real config'), span: [0, 1] };
}

function emptyTree(): SourceTree {
  const root: SourceNode = { keySpan: null, span: [0, 0], isScalar: true, children: new Map() };
  return { value: {}, root, problems: [], secretSpans: [] };
}
