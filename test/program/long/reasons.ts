/**
 * Every error that Ballast makes itself has its reason: each case of the conformance suite, both
 * of requests and of answers, and each error that needs a situation of its own goes through the
 * real program. Every answer from 400 on that no backend has signed must name a code of the table
 * in its field and its text, with the table's status, and log and metrics must count the same codes.
 *
 * `node test/program/long/reasons.ts`
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FAILURES } from '../../../src/protocol/failures.ts';
import type { Figures } from '../../chaos/counter-rules.ts';
import { judgeCounters } from '../../chaos/counter-rules.ts';
import { FAILURE_FIELD, type LogLine } from '../../chaos/records.ts';
import { readRequestCases, readResponseCases } from '../../conformance/cases.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../../harness/balancer-program.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { eventually } from '../../harness/eventually.ts';
import { freePort } from '../../harness/free-port.ts';
import { readResponse } from '../../harness/read-response.ts';
import { report } from './verdict.ts';

const LANES = 12;
/** Time limits of the balancer's, so short that stalls are quick. */
const SHORT = '300ms';
const PATIENCE_MS = 3_000;
const SIGNATURE = 'X-Served-By: case\r\n';
const STATUS_OF: ReadonlyMap<string, number> = new Map(FAILURES.map(({ code, status }) => [code as string, status]));

/** Signs what it can: the field goes in behind the status lines of well-formed answers. */
const signed = (raw: string): string =>
  raw.replace(/(?<=^|\r\n\r\n)HTTP\/1\.[01] [0-9]{3}[^\r\n]*\r\n/g, `$&${SIGNATURE}`);

/** Answers `/case/N` with the N-th answer, and everything else with 200. */
async function startCaseBackend(cleanup: CleanupList, answers: readonly string[]): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (bytes: Buffer) => {
      const number = /^\S+ \/case\/(\d+) /.exec(bytes.toString('latin1', 0, 40))?.[1];
      if (number === undefined) socket.write(`HTTP/1.1 200 OK\r\n${SIGNATURE}Content-Length: 0\r\n\r\n`);
      else socket.end(signed(answers[Number(number)] ?? ''), 'latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as net.AddressInfo).port;
}

/** All bytes that come back until the other side ends; the sending side is ended in time. */
function talk(port: number, bytes: string, isEnded: boolean): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(bytes, 'latin1');
      if (isEnded) socket.end();
    });
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}

interface Local {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

/** Errors that no backend has signed, in what a client has got. */
function localErrors(name: string, received: string): Local[] {
  const errors: Local[] = [];
  for (let at = 0; at < received.length; ) {
    // A refused HEAD is answered with its body's length alone; whatever comes then is no answer.
    const response = readResponse(received, at, 'GET', 'ended');
    if (response === null) break;
    if (response.status >= 400 && response.field('x-served-by') === null) {
      errors.push({ name, status: response.status, code: response.field(FAILURE_FIELD) ?? '', text: response.body });
    }
    if (!response.isComplete || response.status === 101) break;
    at = response.end;
  }
  return errors;
}

const CASES = (() => {
  const responses = readResponseCases();
  return {
    answers: responses.map(({ raw }) => raw),
    inputs: [
      ...readRequestCases().map(({ id, raw }) => ({ name: id, bytes: raw })),
      ...responses.map(({ id }, index) => ({ name: id, bytes: `GET /case/${index} HTTP/1.1\r\nHost: a\r\n\r\n` })),
      // What needs a situation: see the settings.
      { name: 'no route', bytes: 'GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n' },
      { name: 'nobody there', bytes: 'GET / HTTP/1.1\r\nHost: empty.example\r\n\r\n' },
      { name: 'refused', bytes: 'GET / HTTP/1.1\r\nHost: dead.example\r\n\r\n' },
      { name: 'silent', bytes: 'GET / HTTP/1.1\r\nHost: silent.example\r\n\r\n' },
      { name: 'too large', bytes: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n' },
      { name: 'head stalls', bytes: 'GET / HTTP/1.1\r\nHost:' },
      { name: 'body stalls', bytes: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab' },
    ],
  };
})();
const STALLS: readonly string[] = ['head stalls', 'body stalls'];

async function figuresOf({ admin }: BalancerProgram): Promise<Figures> {
  return { status: await admin.status(), metrics: await admin.metrics() };
}

await report('reasons', async (cleanup) => {
  const backend = await startCaseBackend(cleanup, CASES.answers);
  const silent = net.createServer((socket) => {
    socket.on('error', () => {});
    cleanup.after(() => void socket.destroy());
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanup.after(() => void silent.close());
  const logFile = path.join(os.tmpdir(), `ballast-reasons-${process.pid}.log`);
  const never = { path: '/', interval: '1h', fastInterval: '1h', timeout: '1s', rise: 1, fall: 100 };
  const timeouts = { connect: SHORT, responseHead: SHORT, bodyIdle: SHORT };
  const at = (name: string, port: number) =>
    poolOf([{ name, port }], { health: never, timeouts, retry: { attempts: 1 } });
  const balancer = await runBalancer(cleanup, {
    failureField: FAILURE_FIELD,
    accessLog: { path: logFile },
    client: { requestHeadTimeout: SHORT, bodyIdleTimeout: SHORT },
    limits: { body: '1MiB' },
    pools: {
      web: at('case', backend),
      empty: { backends: [] },
      dead: at('dead', await freePort()),
      silent: at('silent', (silent.address() as net.AddressInfo).port),
    },
    routes: [
      { match: { host: 'empty.example' }, pool: 'empty' },
      { match: { host: 'dead.example' }, pool: 'dead' },
      { match: { host: 'silent.example' }, pool: 'silent' },
      ...['a', 'a.example'].map((host) => ({ match: { host }, pool: 'web' })),
    ],
  });
  const before = await figuresOf(balancer);
  const errors: Local[] = [];
  const unread: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < CASES.inputs.length; index = next++) {
      const input = CASES.inputs[index];
      if (input === undefined) return;
      const received = await talk(balancer.port, input.bytes, !STALLS.includes(input.name));
      try {
        errors.push(...localErrors(input.name, received));
      } catch (error) {
        unread.push(`${input.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await balancer.admin.atRest();

  const faults = [...unread];
  const codes = new Map<string, number>();
  for (const { name, status, code, text } of errors) {
    codes.set(code, (codes.get(code) ?? 0) + 1);
    const wanted = STATUS_OF.get(code);
    if (wanted === undefined) faults.push(`${name}: ${status} without a known code, but "${code}"`);
    else if (wanted !== status) faults.push(`${name}: ${code} with ${status}`);
    else if (!text.startsWith(`${code}: `)) faults.push(`${name}: ${code} is not in "${text}"`);
  }
  const readLines = (): LogLine[] =>
    readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  const loggedErrors = (code: string): number =>
    readLines().filter((line) => line.code === code && line.status > 0).length;
  await eventually(
    'the log to be written',
    () => errors.length <= readLines().filter(({ status }) => status >= 400).length,
  );
  await delay(500);
  for (const [code, count] of codes) {
    const logged = loggedErrors(code);
    if (logged < count) faults.push(`${code}: ${count} answers, ${logged} lines`);
  }
  faults.push(...judgeCounters(before, await figuresOf(balancer), readLines(), true));
  return [
    {
      promise: 'D19',
      figures: `${CASES.inputs.length} inputs, ${errors.length} answers of 4xx and 5xx by Ballast itself, all with a reason in field, text and log: ${codes.size} of the ${STATUS_OF.size} codes; status and metrics count the same`,
      faults,
    },
  ];
});
