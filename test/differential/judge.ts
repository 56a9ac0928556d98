/** The rules by which log, counters, client and peer must agree: pure functions of what was seen. */
import { type FailureCode, failureOf } from '../../src/protocol/failures.ts';
import { escapeBytes } from '../harness/read-message.ts';
import { readResponse } from '../harness/read-response.ts';
import type { LogLine, Observation, Seen } from './observed-plane.ts';
import type { Peer, SeenRequest } from './peer.ts';

/** The target as it is passed on: without scheme and authority (RFC 9112 section 3.2.1). */
export function forwardedTarget({ method, target }: Pick<LogLine, 'method' | 'target'>): string {
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)?.[0] ?? '';
  const rest = target.slice(origin.length);
  if (origin === '') return target;
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('?') ? `/${rest}` : rest;
}

/** Whether the answer is the peer's own. */
export const isForwarded = ({ backend, code }: LogLine): boolean => backend !== '' && code === '';
const isTaken = (line: LogLine): boolean => isForwarded(line) && line.status === 200;

const shownRequest = ({ method, target, bodyBytes }: Omit<SeenRequest, 'digest'>): string =>
  `${method} ${escapeBytes(target)} (${bodyBytes})`;
const shownLine = (line: LogLine): string =>
  shownRequest({ method: line.method, target: forwardedTarget(line), bodyBytes: line.bytesIn });
const shownWhole = ({ digest, ...rest }: SeenRequest): string => `${shownRequest(rest)} ${digest.slice(0, 8)}`;
const listed = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join(', '));

/** What the log says was passed on is what the peer has seen. */
export function judgeLogAgainstPeer({ log, requests }: Seen): string[] {
  const said = listed(log.filter(isTaken).map(shownLine));
  const saw = listed(requests.map(shownRequest));
  return said === saw ? [] : [`the log says ${said}; the peer saw ${saw}`];
}

/** Two peers have seen the same, bodies included, but for what one of them is known to refuse. */
export function judgePeers(reference: Seen, seen: Seen, peer: Peer): string[] {
  const forwarded = seen.log.filter(isForwarded);
  const unexplained = forwarded.filter(
    (line) => !isTaken(line) && !peer.mayRefuse({ ...line, target: forwardedTarget(line) }, seen.input.bytes),
  );
  if (unexplained.length > 0) return unexplained.map((line) => `refuses ${shownLine(line)} with ${line.status}`);
  const isRefused = (index: number): boolean => forwarded[index] !== undefined && !isTaken(forwarded[index]);
  const taken = reference.requests.filter((_, index) => !isRefused(index));
  // A refusal that came before the end of its request was the last answer on the client's connection.
  const isEndedEarly = forwarded.some((line) => !isTaken(line));
  const wanted = listed((isEndedEarly ? taken.slice(0, seen.requests.length) : taken).map(shownWhole));
  const got = listed(seen.requests.map(shownWhole));
  return wanted === got ? [] : [`the strict reader saw ${wanted}; ${peer.name} saw ${got}`];
}

/** Final answers in what a client received, read with the methods that the log has. */
function readAnswers({ received, log }: Seen): { status: number; body: string }[] {
  const answers: { status: number; body: string }[] = [];
  const answered = log.filter(({ status }) => status > 0);
  for (let at = 0; at < received.length; ) {
    const line = answered[answers.length];
    // A refusal that begins no exchange has a body, whatever the method.
    const method = line === undefined || line.pool === '' ? 'GET' : line.method;
    const response = readResponse(received, at, method, 'ended');
    if (response === null || !response.isComplete) throw new Error(`cut after ${answers.length} answers`);
    at = response.end;
    if (response.status >= 200) answers.push({ status: response.status, body: response.body });
  }
  return answers;
}

/** The client got one answer for each line, with its status, and to the request of that line. */
export function judgeClient(seen: Seen): string[] {
  const answered = seen.log.filter(({ status }) => status > 0);
  let answers: { status: number; body: string }[];
  try {
    answers = readAnswers(seen);
  } catch (error) {
    return [
      `the client got "${escapeBytes(seen.received)}": ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
  const [said, got] = [
    listed(answered.map(({ status }) => `${status}`)),
    listed(answers.map(({ status }) => `${status}`)),
  ];
  if (said !== got) return [`the log says ${said}; the client got ${got}`];
  return answered.flatMap((line, index) => {
    const body = answers[index]?.body ?? '';
    const isNamed = !isTaken(line) || line.method === 'HEAD' || body === `ok ${forwardedTarget(line)}`;
    return isNamed ? [] : [`the answer to ${shownLine(line)} is "${escapeBytes(body)}"`];
  });
}

/** What was known beforehand has come. */
export function judgeExpected({ input, requests }: Seen): string[] {
  if (input.expected === null) return [];
  const [wanted, got] = [input.expected, requests].map((list) => listed(list.map(shownWhole)));
  return wanted === got ? [] : [`expected ${wanted}; got ${got}`];
}

const countBy = (keys: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

/** Counters as the log has them, in a form that can be compared with `countersOf`. */
export function countersByLog(log: readonly LogLine[]): Record<string, unknown> {
  const inPool = log.filter(({ pool }) => pool !== '');
  const codes = (lines: readonly LogLine[]): Record<string, number> =>
    countBy(lines.map(({ code }) => code).filter((code) => code !== ''));
  return {
    requests: inPool.length,
    statusClasses: [1, 2, 3, 4, 5].map(
      (digit) => inPool.filter(({ status }) => Math.floor(status / 100) === digit).length,
    ),
    failures: inPool.filter(({ code }) => code !== '').length,
    codes: codes(inPool),
    bytesIn: inPool.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
    attempts: log.reduce((sum, { attempts }) => sum + attempts, 0),
    requestsWithoutPool: log.length - inPool.length,
    codesWithoutPool: codes(log.filter(({ pool }) => pool === '')),
  };
}

/** The same from shared memory. */
export function countersOf({ plane }: Observation): Record<string, unknown> {
  const pool = plane.pool();
  const { requestsWithoutPool, byCode } = plane.totals;
  return {
    requests: pool.requests,
    statusClasses: pool.statusClasses.slice(1),
    failures: pool.failures,
    codes: { ...pool.byCode },
    bytesIn: pool.bytesIn,
    attempts: plane.backend('peer').requests,
    requestsWithoutPool,
    codesWithoutPool: { ...byCode },
  };
}

/** Refusals of the peer are answers of it that the log has, or attempts that we gave up ourselves. */
export function judgeRefusals({ peer, log }: Observation): string[] {
  const answered = log.filter((line) => isForwarded(line) && line.status !== 200).length;
  const givenUp = log.filter(({ backend, code }) => backend !== '' && code !== '').length;
  const seen = peer.refusals().length;
  return seen <= answered + givenUp
    ? []
    : [
        `${peer.name} refused ${seen} messages; the log has ${answered} and ${givenUp} given up: ${peer.refusals().join('; ')}`,
      ];
}

/** Lines that blame the peer: none of them has done anything wrong. */
export const blamedLines = (log: readonly LogLine[]): LogLine[] =>
  log.filter(({ code }) => code !== '' && failureOf(code as FailureCode).side !== 'client');
