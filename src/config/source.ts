/**
 * Reads the text of a config file: YAML to plain values, every error of the notation, and the
 * place of every value. Called by `load.ts` only.
 *
 * A syntax error does not end the reading: the parser goes on where it can, and what it makes of
 * the rest is checked as well.
 */
import { type Document, isScalar, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { codeFrames } from './code-frame.ts';
import { type ProblemCode, severityOf } from './codes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { type Environment, shieldVariables, unshieldVariables } from './interpolate.ts';
import { formatPath, type Problem, problem } from './problems.ts';
import { buildTree, type PlacedProblem, type SourceNode, type SourceTree, type Span } from './source-tree.ts';
import type { Place } from './written.ts';

export interface Source {
  readonly value: unknown;
  /** Syntax, keys, aliases and variables. */
  readonly diagnostics: readonly Diagnostic[];
  /** Gives a problem of a later stage its place; null where a syntax error is the cause of it. */
  readonly diagnose: (found: Problem) => Diagnostic | null;
  /** Where a value was set; null where the file does not have it. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place | null;
  /** Values that must never be shown. */
  readonly secretSpans: readonly Span[];
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
  const syntax = document === null ? [tooDeep()] : syntaxFaults(document, text, lines);
  const tree = document === null ? emptyTree() : buildTree(document, text, environment);
  const frame = codeFrames(text, tree.secretSpans);
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
      frame: frame(span, Math.max(1, line)),
    };
  };
  const brokenLines = new Set(syntax.map(({ span }) => lines.linePos(span[0]).line));
  const isDisplaced = syntax.some((each) => !each.isContained);
  // A broken line makes strange keys; its variables are what they are.
  const ofTree = tree.problems.filter(
    ({ problem: found, span }) => !isAboutKey(found) || !brokenLines.has(lines.linePos(span[0]).line),
  );
  // A value that could not be read has no further faults, and no file at all where it was too large.
  const unread = tree.problems.filter((each) => !isAboutKey(each.problem)).map(({ span }) => span);
  const isLost = tree.problems.some((each) => each.problem.code === 'yaml-too-large');
  return {
    value: tree.value,
    secretSpans: tree.secretSpans,
    diagnostics: [...syntax, ...ofTree].map(({ problem: found, span }) => place(found, span)),
    diagnose: (found) => {
      const span = spanAt(tree.root, found);
      if (isLost || unread.some((each) => span[0] <= each[0] && each[1] <= span[1])) return null;
      const diagnostic = place(found, span);
      const isConsequence = brokenLines.has(diagnostic.line) || (isDisplaced && ABSENCES.has(found.code));
      return isConsequence ? null : diagnostic;
    },
    placeOf: (path) => {
      const node = nodeAt(tree.root, path);
      if (node === null) return null;
      const { line, col: column } = lines.linePos(Math.min(node.span[0], text.length));
      const by = node.isScalar ? text.slice(...node.span) : '';
      const isVariable = [...by.matchAll(/(\$?)\$\{/g)].some(([, escape]) => escape === '');
      return isVariable ? { origin: 'environment', line, column, by: unquoted(by) } : { origin: 'file', line, column };
    },
  };
}

/** The value at this path; a scalar stands for what is asked for below it. */
function nodeAt(root: SourceNode, path: readonly PropertyKey[]): SourceNode | null {
  let node = root;
  for (const key of path) {
    const child = node.children.get(key);
    if (child === undefined) return node.isScalar && node !== root ? node : null;
    node = child;
  }
  return node;
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}

function isAboutKey(found: Problem): boolean {
  return found.code === 'key-invalid' || found.code === 'key-refused' || found.code === 'duplicate-key';
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

/** A syntax error, and how far it reaches. */
interface SyntaxFault extends PlacedProblem {
  /** True where the rest of the text is still read as it was meant. */
  readonly isContained: boolean;
  /** True where nothing after it is read at all. */
  readonly isEnd?: true;
}

function syntaxFaults(document: Document.Parsed, text: string, lines: LineCounter): SyntaxFault[] {
  const found: SyntaxFault[] = [];
  const seenLines = new Set<number>();
  for (const error of [...document.errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    // Once it is lost, the parser complains about every token that follows.
    if (found.length > 0 && error.message.includes('in YAML stream')) continue;
    const fault = syntaxFault(error, document, text);
    const { line } = lines.linePos(fault.span[0]);
    if (seenLines.has(line)) continue;
    seenLines.add(line);
    found.push(fault);
    // What an unclosed quote has swallowed is neither right nor wrong.
    if (fault.isEnd === true) break;
  }
  const tags = document.warnings.filter((warning) => warning.code === 'TAG_RESOLVE_FAILED');
  return [
    ...found,
    ...tags.map(({ pos }): SyntaxFault => {
      const tag = text.slice(pos[0], pos[1]);
      const suggestion = tag === '!env' ? 'write `${NAME}` for a variable' : 'leave the tag out';
      return {
        problem: problem('yaml-tag-unknown', [], `the tag \`${tag}\` has no meaning here`, suggestion),
        span: pos,
        isContained: true,
      };
    }),
  ];
}

function syntaxFault(error: YAMLError, document: Document.Parsed, text: string): SyntaxFault {
  const span: Span = [error.pos[0], Math.max(error.pos[1], error.pos[0] + 1)];
  const quote = /^Missing closing ("|')quote/.exec(error.message)?.[1];
  if (quote !== undefined) {
    const opening = lastQuoteBefore(document, span[0]) ?? span[0];
    const isContained = text.slice(opening).trim().indexOf('\n') < 0;
    const found = syntax('the quote that opens here is never closed', `close it with ${quote}`);
    return { problem: found, span: [opening, opening + 1], isContained, isEnd: true };
  }
  const [found, isContained] = syntaxWords(error, lineAround(text, span[0]));
  return { problem: found, span: error.code === 'MULTIPLE_DOCS' ? [span[0], span[0] + 3] : span, isContained };
}

function lineAround(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? text.length : end);
}

/** The error in plain words, and whether the rest of the text is read as it was meant. */
function syntaxWords(error: YAMLError, line: string): readonly [found: Problem, isContained: boolean] {
  if (/\[[0-9a-fA-F.]*:[0-9a-fA-F:.]*\]:\d/.test(line)) {
    return [syntax('an address in brackets reads as a list here', 'put it in quotes: `"[::1]:8080"`'), true];
  }
  const bracket = / end with a (.)$/.exec(error.message)?.[1];
  if (bracket !== undefined)
    return [syntax('a map or list before this is not closed', `close it with ${bracket}`), false];
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return [syntax('a tab cannot indent YAML', 'indent with spaces'), false];
    case 'MULTIPLE_DOCS':
      return [syntax('a second document begins here', 'keep to one: take the `---` out'), false];
    case 'BAD_SCALAR_START':
      return [syntax(plainMessage(error), 'put the value in quotes'), true];
    case 'BLOCK_AS_IMPLICIT_KEY':
      return [syntax('a second `: ` on one line', 'put a value with `: ` in it in quotes'), false];
    case 'MULTILINE_IMPLICIT_KEY':
      return [syntax('this line is neither a key nor a value', 'a key is followed by `: `'), false];
    default:
      return [syntax(plainMessage(error), null), false];
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

function tooDeep(): SyntaxFault {
  return {
    problem: problem('yaml-too-large', [], 'the nesting is deeper than in any real config'),
    span: [0, 1],
    isContained: false,
  };
}

function emptyTree(): SourceTree {
  const root: SourceNode = { keySpan: null, span: [0, 0], isScalar: true, children: new Map() };
  return { value: {}, root, problems: [], secretSpans: [] };
}
