/**
 * No input costs far more than it weighs: the processor time of each case of the conformance
 * suite, of large hostile inputs and of hostile answers beside that of plain requests, and the
 * memory that is held for inputs that never end.
 *
 * Processor time may be 100 times that of a plain request, or of as many bytes of plain requests;
 * memory 100 times the bytes that came, beside what any connection costs.
 *
 * `node test/program/long/amplification.ts [--repeats=20]`
 */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { readRequestCases, readResponseCases } from '../../conformance/cases.ts';
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import type { CleanupList } from '../../harness/cleanup.ts';
import { eventually } from '../../harness/eventually.ts';
import { readFlags } from './flags.ts';
import { cpuMicrosOf, rssOf } from './process-cost.ts';
import { report, type Verdict } from './verdict.ts';

const MAX_TIMES = 100;
const PLAIN = 'GET /plain HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
const PLAIN_REPEATS = 2_000;
const LANES = 20;
/** A connection that hears nothing by then is closed by its client. */
const PATIENCE_MS = 300;
const HELD = 300;
/** Beside its input a connection costs what any other does: see D11. */
const CONNECTION_BYTES = 20_000;

const { repeats } = readFlags({ repeats: 20 });

interface Input {
  readonly name: string;
  readonly bytes: string;
  /** Requests in it that are answered one by one. */
  readonly requests: number;
}

const post = (fields: string, body: string): string =>
  `POST /p HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

const LARGE: readonly Input[] = [
  { name: '32 KiB of field lines', bytes: `GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(6_400)}\r\n`, requests: 1 },
  { name: 'a head without an end', bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}`, requests: 1 },
  { name: 'a target of 16 KiB', bytes: `GET /${'%2e'.repeat(5_400)} HTTP/1.1\r\nHost: a\r\n\r\n`, requests: 1 },
  { name: '60 KB in chunks of one byte', bytes: chunked(`${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`), requests: 1 },
  {
    name: 'a chunk extension of 16 KiB',
    bytes: chunked(`1;${'a=b;'.repeat(4_000)}c=d\r\nx\r\n0\r\n\r\n`),
    requests: 1,
  },
  { name: 'zeros before a chunk size', bytes: chunked(`${'0'.repeat(10_000)}1\r\nx\r\n0\r\n\r\n`), requests: 1 },
  { name: '16 KiB of trailers', bytes: chunked(`1\r\nx\r\n0\r\n${'a: b\r\n'.repeat(2_700)}\r\n`), requests: 1 },
  { name: 'empty lines', bytes: '\r\n'.repeat(16_000), requests: 1 },
  { name: '1,000 requests at once', bytes: 'GET /p HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000), requests: 1_000 },
  {
    name: 'a long Connection list',
    bytes: `GET / HTTP/1.1\r\nHost: a\r\nConnection: ${'a,'.repeat(8_000)}b\r\n\r\n`,
    requests: 1,
  },
  {
    name: 'a long X-Forwarded-For',
    bytes: `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${'1.2.3.4,'.repeat(3_500)}\r\n\r\n`,
    requests: 1,
  },
];

/** Answers `/case/N` with the N-th answer as it is, and everything else with two bytes. */
async function startRawBackend(cleanup: CleanupList, answers: readonly string[]): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      const number = /^\S+ \/case\/(\d+) /.exec(bytes.toString('latin1', 0, 40))?.[1];
      if (number === undefined) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else socket.end(answers[Number(number)] ?? '', 'latin1');
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

/** Sends bytes on a connection of their own and takes what comes, until nothing more does. */
function send(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(bytes, 'latin1'));
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function costOf(pid: number, port: number, bytes: string, times: number): Promise<number> {
  const before = cpuMicrosOf(pid);
  let left = times;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await send(port, bytes);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return (cpuMicrosOf(pid) - before) / times;
}

async function checkTime(cleanup: CleanupList): Promise<Verdict> {
  const responses = readResponseCases();
  const backend = await startRawBackend(
    cleanup,
    responses.map(({ raw }) => raw),
  );
  const { pid, port } = await runBalancer(cleanup, {
    pools: {
      web: poolOf([{ name: 'a', port: backend }], {
        timeouts: { responseHead: '200ms', bodyIdle: '200ms' },
        retry: { attempts: 1 },
      }),
    },
    client: { requestHeadTimeout: '200ms', bodyIdleTimeout: '200ms' },
  });
  const inputs: Input[] = [
    ...readRequestCases().map(({ id, raw }) => ({
      name: id,
      bytes: raw,
      requests: raw.split('HTTP/1.').length - 1 || 1,
    })),
    ...responses.map(({ id }, index) => ({
      name: `the answer ${id}`,
      bytes: `GET /case/${index} HTTP/1.1\r\nHost: a.example\r\n\r\n`,
      requests: 1,
    })),
    ...LARGE,
  ];
  await costOf(pid, port, PLAIN, PLAIN_REPEATS);
  // Lower of two: what else the machine does is not what a request costs.
  const plain = Math.min(await costOf(pid, port, PLAIN, PLAIN_REPEATS), await costOf(pid, port, PLAIN, PLAIN_REPEATS));
  const faults: string[] = [];
  let worst = { times: 0, name: '', micros: 0 };
  for (const { name, bytes, requests } of inputs) {
    const micros = await costOf(pid, port, bytes, repeats);
    const allowed = Math.max(requests, bytes.length / PLAIN.length);
    const times = micros / plain / allowed;
    if (times > worst.times) worst = { times, name, micros };
    if (times > MAX_TIMES) faults.push(`${name}: ${Math.round(micros)} µs, ${times.toFixed(0)} times what is plain`);
  }
  return {
    promise: 'D12',
    figures: `${inputs.length} inputs, ${repeats} times each: the dearest for its size costs ${worst.times.toFixed(1)} times a plain request of ${plain.toFixed(0)} µs (${worst.name}: ${Math.round(worst.micros)} µs)`,
    faults,
  };
}

/** Inputs that never end, and what they are in the middle of. */
const ENDLESS: readonly (readonly [name: string, bytes: string])[] = [
  ['a head', `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${'x'.repeat(1_000)}\r\n`.repeat(28)}`],
  ['a body', post('Content-Length: 1000000', 'x'.repeat(60_000))],
  ['small chunks', chunked('1\r\nx\r\n'.repeat(5_000))],
  ['a chunk extension', chunked(`1;${'a=b;'.repeat(950)}`)],
  ['trailers', chunked(`1\r\nx\r\n0\r\n${'a: b\r\n'.repeat(2_500)}`)],
  [
    'requests behind a slow one',
    `GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2_000)}`,
  ],
];

async function checkMemory(cleanup: CleanupList): Promise<Verdict> {
  const silent = net.createServer((socket) => {
    cleanup.after(() => void socket.destroy());
    socket.on('error', () => {});
    socket.resume();
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  cleanup.after(() => void silent.close());
  const backend = (silent.address() as net.AddressInfo).port;
  const faults: string[] = [];
  let worst = { times: 0, name: '', bytes: 0 };
  for (const [name, bytes] of ENDLESS) {
    const { pid, port, admin, program } = await runBalancer(cleanup, {
      pools: { web: poolOf([{ name: 'a', port: backend }]) },
      // What is held is cut at the end, and not waited for.
      shutdownTimeout: '10ms',
    });
    await delay(500);
    const before = rssOf(pid);
    const sockets = Array.from({ length: HELD }, () => {
      const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(bytes, 'latin1'));
      socket.on('error', () => {});
      cleanup.after(() => void socket.destroy());
      return socket;
    });
    await eventually('all to be there', async () => {
      const { workers } = await admin.status();
      return workers.reduce((sum, { clientConnections }) => sum + clientConnections, 0) === HELD;
    });
    let most = before;
    for (let sample = 0; sample < 20; sample++) {
      await delay(50);
      most = Math.max(most, rssOf(pid));
    }
    const each = Math.max(0, (most - before) / HELD - CONNECTION_BYTES);
    const times = each / bytes.length;
    if (times > worst.times) worst = { times, name, bytes: each };
    if (times > MAX_TIMES) faults.push(`${name}: ${Math.round(each)} bytes for ${bytes.length}`);
    for (const socket of sockets) socket.destroy();
    await program.stop();
  }
  return {
    promise: 'D12',
    figures: `${ENDLESS.length} inputs without an end on ${HELD} connections each: at most ${worst.times.toFixed(1)} bytes are held for a byte (${worst.name}: ${(worst.bytes / 1024).toFixed(1)} KiB), beside ${CONNECTION_BYTES / 1000} KB a connection`,
    faults,
  };
}

await report('amplification', async (cleanup) => [await checkTime(cleanup), await checkMemory(cleanup)]);
