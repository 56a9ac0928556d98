/** Judges what came of a response case: a pure function of the case and what was observed. */
import type { ClientResponse } from '../harness/raw-client.ts';
import { escapeBytes } from '../harness/read-message.ts';
import { isAsExpected, type ResponseCase } from './cases.ts';
import type { Verdict } from './report.ts';
import { namesFailure } from './request-judge.ts';

export interface ResponseObservation {
  /** The answer; null where the connection closed without a head. */
  readonly response: ClientResponse | null;
  /** After a 101: what came through the tunnel. */
  readonly tunnelBytes: string;
  /** What the client's strict reader could not read. */
  readonly clientError: string | null;
  /** Every byte that this client and the next one got. */
  readonly clientBytes: string;
  /** How often the backend got the request. */
  readonly attempts: number;
  /** What the backend's strict reader could not read. */
  readonly malformed: readonly string[];
  /** Whether the next request came on the same backend connection. */
  readonly isReused: boolean;
  /** Why the next request did not get its own answer. */
  readonly nextProblem: string | null;
}

type Kind = 'pass' | 'bad_gateway' | 'truncated' | 'nothing';

function kindOf(seen: ResponseObservation): Kind {
  const { response } = seen;
  if (response === null) return 'nothing';
  if (response.status >= 500 && namesFailure(response)) return 'bad_gateway';
  return response.isComplete ? 'pass' : 'truncated';
}

function judgePass(one: ResponseCase, seen: ResponseObservation, response: ClientResponse): string[] {
  const problems: string[] = [];
  if (one.status !== undefined && !one.status.includes(response.status)) {
    problems.push(`expected status ${one.status.join('/')}, got ${response.status}`);
  }
  const body = response.status === 101 ? seen.tunnelBytes : response.body;
  if (one.body !== undefined && body !== one.body) {
    problems.push(`body: expected "${escapeBytes(one.body)}", got "${escapeBytes(body)}"`);
  }
  for (const [name, value] of Object.entries(one.client_headers ?? {})) {
    const got = response.field(name);
    if (!isAsExpected(value, got))
      problems.push(`field ${name}: expected ${JSON.stringify(value)}, got ${JSON.stringify(got)}`);
  }
  if (one.interim !== undefined) {
    const foreign = response.interim.filter((status) => one.interim?.includes(status) !== true);
    if (foreign.length > 0) problems.push(`unexpected interim answers ${foreign.join(', ')}`);
    // RFC 8297: a 103 is of use only if it gets through.
    if (one.interim.includes(103) && !response.interim.includes(103)) problems.push('the 103 did not get through');
  }
  return problems;
}

function judgeBadGateway(one: ResponseCase, response: ClientResponse): string[] {
  const problems: string[] = [];
  const allowed = one.status?.filter((status) => status >= 500 && status !== 700) ?? [502];
  if (!allowed.includes(response.status)) problems.push(`expected status ${allowed.join('/')}, got ${response.status}`);
  if (!response.isComplete) problems.push('the answer is incomplete');
  for (const name of ['x-a', 'x-b', 'x', 'set-cookie', 'link']) {
    if (response.field(name) !== null) problems.push(`field ${name} of the backend leaked`);
  }
  return problems;
}

function judgeTruncated(one: ResponseCase, response: ClientResponse): string[] {
  const body = one.body ?? '';
  return body.startsWith(response.body)
    ? []
    : [`expected at most "${escapeBytes(body)}", got "${escapeBytes(response.body)}"`];
}

function allowedKinds(one: ResponseCase): Kind[] {
  if (one.expect === 'truncated') return ['truncated', 'bad_gateway'];
  if (one.expect === 'either') return one.prefer === undefined ? ['pass', 'bad_gateway'] : [one.prefer];
  return [one.expect];
}

function judgeAlways(one: ResponseCase, seen: ResponseObservation): string[] {
  const problems = seen.malformed.map((what) => `the backend got malformed bytes: ${what}`);
  if (seen.clientError !== null) problems.push(`the client got malformed bytes: ${seen.clientError}`);
  if (seen.nextProblem !== null) problems.push(`the next request: ${seen.nextProblem}`);
  if (one.reuse === false && seen.isReused) problems.push('the backend connection was used again');
  if (one.reuse === true && !seen.isReused) problems.push('the backend connection was not used again');
  if (one.retry !== true && one.early !== true && seen.attempts > 1)
    problems.push(`the backend got the request ${seen.attempts} times`);
  for (const hidden of one.must_not_see ?? []) {
    if (seen.clientBytes.includes(hidden)) problems.push(`a client got "${escapeBytes(hidden)}"`);
  }
  return problems;
}

/** The verdict on one run. */
export function judgeResponse(one: ResponseCase, seen: ResponseObservation): Verdict {
  const { response } = seen;
  const kind = kindOf(seen);
  const problems = judgeAlways(one, seen);
  const allowed = allowedKinds(one);
  if (!allowed.includes(kind)) {
    const got = response === null ? '' : ` (${response.status} "${escapeBytes(response.body, 120)}")`;
    problems.push(`expected ${allowed.join(' or ')}, got ${kind}${got}`);
  } else if (response !== null) {
    if (kind === 'pass') problems.push(...judgePass(one, seen, response));
    else if (kind === 'bad_gateway') problems.push(...judgeBadGateway(one, response));
    else problems.push(...judgeTruncated(one, response));
  }
  // How much of a cut body got out depends on timing, and whether its head did.
  const outcome =
    one.expect === 'truncated'
      ? 'cut'
      : JSON.stringify([kind, response?.status, response?.body.replace(/[0-9]+$/, '')]);
  return { problems, outcome };
}
