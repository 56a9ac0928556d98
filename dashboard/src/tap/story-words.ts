/**
 * What happened to a request, in words: the first sentence is the whole story, the others add what
 * it leaves out. Pure; the texts of codes are those of the server's table of failures.
 */
import type { FailureCode, FailureText, TappedAttempt, TappedRequest } from '../protocol.ts';
import { formatTook } from './tap-format.ts';

export type TextOf = (code: FailureCode) => FailureText | null;

/** More tries than this are counted, not told. */
const TOLD_TRIES = 3;
/** A part of the time is named from this share on. */
const MAIN_SHARE = 0.5;
const WORTH_TELLING_MS = 1;

/** Sentences. */
export function storyWords(request: TappedRequest, textOf: TextOf): string[] {
  const { waitedMs, waitedFromMs, headMs, attempts } = request;
  const last = attempts.at(-1);
  const sentences = [last === undefined ? withoutTry(request, textOf) : withTries(request, last, textOf)];
  if (waitedFromMs !== null && mainPart(request)?.kind !== 'wait') {
    sentences.push(`It waited ${formatTook(waitedMs)} for a place in ${request.pool ?? 'its pool'}.`);
  }
  if (headMs !== null && headMs >= WORTH_TELLING_MS) {
    sentences.push(`Its head took ${formatTook(headMs)} to arrive, before all that.`);
  }
  return sentences;
}

/** It never came to a backend. */
function withoutTry({ code, status, durationMs }: TappedRequest, textOf: TextOf): string {
  const reason = code === null ? '' : (textOf(code)?.text ?? `It failed: ${code}.`);
  const outcome = status === 0 ? `No answer was given` : `Ballast answered ${status} itself`;
  return `${reason} ${outcome}, after ${formatTook(durationMs)}.`.trim();
}

function withTries(request: TappedRequest, last: TappedAttempt, textOf: TextOf): string {
  const { attempts, status, code, durationMs } = request;
  const before = attempts.slice(0, -1);
  const again = before.some(({ backend }) => backend === last.backend) ? ' again' : '';
  const sent = `Sent to ${last.backend}${again}${afterWords(before, textOf)}`;
  const after = `after ${formatTook(durationMs)}`;
  const reason = code === null ? null : reasonOf(code, last, textOf);
  if (status === 101 && last.answerMs !== null) {
    const open = formatTook(durationMs - last.answerMs);
    return `${sent}; switched protocols after ${formatTook(last.answerMs)}, and the tunnel was open for ${open}.`;
  }
  if (last.status > 0 && last.status === status) {
    if (reason !== null) return `${sent}; answered ${status}, and cut ${after}: ${reason}.`;
    const part = mainPart(request);
    const share = part === null ? '' : `, of which ${formatTook(part.ms)} were ${part.words}`;
    return `${sent}; answered ${status} ${after}${share}.`;
  }
  const outcome = status === 0 ? `no answer was given, ${after}` : `Ballast answered ${status} ${after}`;
  if (reason === null) return `${sent}; ${outcome}.`;
  // Whose doing it was decides who comes first in the sentence.
  if (!isAbout(code, textOf)) return `${sent}; ${reason}; ${outcome}.`;
  return capital(`${failureList(attempts, textOf)}; ${outcome}.`);
}

function afterWords(before: readonly TappedAttempt[], textOf: TextOf): string {
  return before.length === 0 ? '' : ` after ${failureList(before, textOf)}`;
}

function failureList(attempts: readonly TappedAttempt[], textOf: TextOf): string {
  if (attempts.length > TOLD_TRIES) {
    const names = [...new Set(attempts.map(({ backend }) => backend))];
    return `${attempts.length} tries failed on ${listWords(names)}`;
  }
  return listWords(
    attempts.map((attempt) =>
      attempt.code === null ? `${attempt.backend} was tried` : reasonOf(attempt.code, attempt, textOf),
    ),
  );
}

function listWords(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** Whether the text of a code speaks of the backend. */
function isAbout(code: FailureCode | null, textOf: TextOf): boolean {
  return code === null || /the backend/i.test(textOf(code)?.text ?? 'the backend');
}

/** The text of a code with the name of the backend in it, as a part of a sentence. */
function reasonOf(code: FailureCode, { backend, status }: TappedAttempt, textOf: TextOf): string {
  if (code === 'UPSTREAM_STATUS_REFUSED' && status > 0) return `${backend} answered ${status}`;
  const text = textOf(code)?.text;
  if (text === undefined) return `${backend} failed with ${code}`;
  const clause = text.replace(/\.$/, '');
  const small = /^[A-Z][a-z]* /.test(clause) ? `${clause[0]?.toLowerCase() ?? ''}${clause.slice(1)}` : clause;
  // As a function, since a name may hold what a replacement takes for a sign.
  return small.replaceAll('the backend', () => backend);
}

const capital = (text: string): string => {
  // The name of a backend stays as it is written.
  const isWord = /^(a|the|no|every|only) /.test(text);
  return isWord ? `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}` : text;
};

interface Part {
  readonly kind: 'wait' | 'tries' | 'connect' | 'answer' | 'body';
  readonly ms: number;
  readonly words: string;
}

/** What most of the time went to; null where nothing stands out. */
function mainPart(request: TappedRequest): Part | null {
  const { attempts, durationMs, waitedMs } = request;
  const last = attempts.at(-1);
  if (last === undefined || durationMs < WORTH_TELLING_MS) return null;
  const failedMs = attempts.slice(0, -1).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const readyMs = last.isReused ? last.startMs : (last.connectedMs ?? last.endMs);
  const answerMs = last.answerMs ?? last.endMs;
  const parts: Part[] = [
    { kind: 'wait', ms: waitedMs, words: 'waiting for a place' },
    { kind: 'tries', ms: failedMs, words: attempts.length > 2 ? 'tries that failed' : 'the try that failed' },
    { kind: 'connect', ms: readyMs - last.startMs, words: `connecting to ${last.backend}` },
    { kind: 'answer', ms: answerMs - readyMs, words: `waiting for ${last.backend}` },
    { kind: 'body', ms: last.endMs - answerMs, words: 'the body of the answer' },
  ];
  const longest = parts.reduce((most, part) => (part.ms > most.ms ? part : most));
  return longest.ms >= durationMs * MAIN_SHARE ? longest : null;
}
