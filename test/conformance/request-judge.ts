/** Judges what came of a request case: a pure function of the case and what was observed. */
import { FAILURES } from '../../src/protocol/failures.ts';
import type { ClientResponse } from '../harness/raw-client.ts';
import { escapeBytes } from '../harness/read-message.ts';
import type { ReadingSide } from '../harness/read-response.ts';
import type { RecordedRequest } from '../harness/recording-backend.ts';
import { isAsExpected, type RequestCase } from './cases.ts';
import type { Verdict } from './report.ts';

export interface RequestObservation {
  /** Complete requests that reached the backend, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Every byte that the backend got. */
  readonly upstreamBytes: string;
  /** Bytes of incomplete messages at the backend. */
  readonly partialBytes: string;
  /** Whether a connection with an incomplete message stayed open. */
  readonly isPartialOpen: boolean;
  /** What the backend's strict reader could not read. */
  readonly malformed: readonly string[];
  readonly responses: readonly ClientResponse[];
  /** What the client's strict reader could not read. */
  readonly clientError: string | null;
  /** The client's connection at the end of the case. */
  readonly side: ReadingSide;
  /** Why the request that followed on the same connection did not get its answer. */
  readonly followUpProblem: string | null;
  /** Why a request on a fresh connection did not. */
  readonly fenceProblem: string | null;
}

const CODES: ReadonlySet<string> = new Set(FAILURES.map(({ code }) => code));

/** Whether an answer was made by the balancer: its body names a failure code. */
export function namesFailure(response: { readonly body: string }): boolean {
  return (response.body.match(/[A-Z][A-Z_]+[A-Z]/g) ?? []).some((word) => CODES.has(word));
}

function judgeRefusal(one: RequestCase, seen: RequestObservation): string[] {
  const problems: string[] = [];
  const [response, ...more] = seen.responses;
  if (more.length > 0) problems.push(`expected one answer, got ${seen.responses.map((r) => r.status).join(', ')}`);
  if (seen.partialBytes !== '' && one.partial_ok !== true) {
    problems.push(`expected nothing at the backend, got "${escapeBytes(seen.partialBytes)}"`);
  }
  if (response === undefined) {
    if (one.no_response_ok !== true) problems.push(`expected an answer, got none (connection ${seen.side})`);
    else if (seen.side === 'open') problems.push('expected the connection to close');
    return problems;
  }
  const allowed = one.status === undefined ? null : [one.status].flat();
  if (allowed === null ? response.status < 400 : !allowed.includes(response.status)) {
    problems.push(`expected status ${allowed?.join('/') ?? '4xx or 5xx'}, got ${response.status}`);
  }
  if (response.status < 400) return problems;
  if (!response.isComplete || response.framing !== 'length') problems.push(`the refusal is not framed by a length`);
  if (!namesFailure(response)) problems.push(`the refusal names no failure code: "${escapeBytes(response.body)}"`);
  if (response.field('connection') !== 'close') problems.push('the refusal does not say "Connection: close"');
  if (seen.side !== 'ended') problems.push(`expected the connection to end after the refusal, it is ${seen.side}`);
  return problems;
}

function judgeFields(one: RequestCase, request: RecordedRequest): string[] {
  const problems: string[] = [];
  const expected = { ...one.forwarded_headers };
  if (one.forwarded_host !== undefined) expected['host'] = one.forwarded_host;
  for (const [name, value] of Object.entries(expected)) {
    const got = request.field(name);
    if (isAsExpected(value, got)) continue;
    problems.push(
      `field ${name}: expected ${JSON.stringify(value)}, got ${got === null ? 'null' : `"${escapeBytes(got)}"`}`,
    );
  }
  for (const name of one.must_have ?? []) {
    if (request.field(name) === null) problems.push(`expected field ${name} at the backend`);
  }
  // The client is 127.0.0.1 and not trusted, so whatever it said of itself is gone.
  if (request.field('x-forwarded-for') !== '127.0.0.1')
    problems.push(`X-Forwarded-For: ${request.field('x-forwarded-for')}`);
  if (request.field('x-forwarded-proto') !== 'http')
    problems.push(`X-Forwarded-Proto: ${request.field('x-forwarded-proto')}`);
  if (!/(^|, )1\.[01] ballast$/.test(request.field('via') ?? '')) problems.push(`Via: ${request.field('via')}`);
  return problems;
}

function judgeForward(one: RequestCase, seen: RequestObservation): string[] {
  const problems: string[] = [];
  const { requests } = seen;
  const isCounted = one.expect === 'forward' || one.requests !== undefined;
  const count = one.requests ?? 1;
  if (isCounted && requests.length !== count)
    problems.push(`expected ${count} requests at the backend, got ${requests.length}`);
  const bodies = one.bodies ?? (one.forwarded_body === undefined ? [] : [one.forwarded_body]);
  for (const [index, body] of bodies.entries()) {
    const got = requests[index]?.body;
    if (got !== body)
      problems.push(`body ${index}: expected "${escapeBytes(body)}", got "${escapeBytes(got ?? 'nothing')}"`);
  }
  const target = requests[0]?.target ?? '';
  if (one.forwarded_target !== undefined && !one.forwarded_target.includes(target)) {
    problems.push(`target: expected ${one.forwarded_target.join(' or ')}, got "${escapeBytes(target)}"`);
  }
  if (requests[0] !== undefined) problems.push(...judgeFields(one, requests[0]));
  const expected = one.statuses ?? Array.from({ length: isCounted ? count : requests.length }, () => [200]);
  const statuses = seen.responses.map(({ status }) => status);
  if (
    statuses.length !== expected.length ||
    statuses.some((status, index) => expected[index]?.includes(status) !== true)
  ) {
    problems.push(`answers: expected ${JSON.stringify(expected)}, got ${JSON.stringify(statuses)}`);
  }
  const cut = seen.responses.findIndex(({ isComplete }) => !isComplete);
  if (cut >= 0) problems.push(`answer ${cut} is incomplete`);
  for (const [index, response] of seen.responses.entries()) {
    const asked = requests[index];
    if (asked === undefined || asked.method === 'HEAD' || response.status !== 200) continue;
    if (response.body !== `ok ${asked.target}`)
      problems.push(`answer ${index} is not the one to ${escapeBytes(asked.target)}`);
  }
  if (seen.partialBytes !== '') problems.push(`incomplete message at the backend: "${escapeBytes(seen.partialBytes)}"`);
  if (one.close === true && seen.side === 'open') problems.push('expected the connection to close');
  if (seen.followUpProblem !== null) problems.push(`the next request on the connection: ${seen.followUpProblem}`);
  return problems;
}

function judgeAlways(one: RequestCase, seen: RequestObservation): string[] {
  const problems = seen.malformed.map((what) => `the backend got malformed bytes: ${what}`);
  if (seen.clientError !== null) problems.push(`the client got malformed bytes: ${seen.clientError}`);
  if (seen.isPartialOpen) problems.push('a backend connection with an incomplete message stays open');
  if (seen.fenceProblem !== null) problems.push(`a request on a fresh connection: ${seen.fenceProblem}`);
  for (const hidden of one.must_not_see ?? []) {
    const isSeen = hidden.startsWith('/')
      ? seen.requests.some(({ target }) => target === hidden)
      : seen.upstreamBytes.includes(hidden);
    if (isSeen) problems.push(`the backend got "${escapeBytes(hidden)}"`);
  }
  return problems;
}

/** The verdict on one run. */
export function judgeRequest(one: RequestCase, seen: RequestObservation): Verdict {
  const isForwarded = seen.requests.length > 0;
  const problems = judgeAlways(one, seen);
  const wanted = one.expect === 'either' ? one.prefer : one.expect;
  if (wanted === 'forward' && !isForwarded) {
    problems.push(
      `expected to be forwarded, got ${seen.responses.map(({ status }) => status).join(', ') || 'no answer'}`,
    );
  } else if (wanted === 'reject' && isForwarded) {
    problems.push(
      `expected to be refused, but ${seen.requests.map((r) => escapeBytes(r.target)).join(', ')} reached the backend`,
    );
  } else {
    problems.push(...(isForwarded ? judgeForward(one, seen) : judgeRefusal(one, seen)));
  }
  const outcome = JSON.stringify([
    seen.requests.map(({ method, target, body }) => [method, target, body.length]),
    seen.responses.map(({ status }) => status),
  ]);
  return { problems, outcome };
}
