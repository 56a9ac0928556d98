/**
 * One worker with one peer behind it and an access log of its own. Inputs go through it one after
 * the other, each on a connection of its own and each followed by a fence: a request that nothing
 * is wrong with, on a fresh connection. The fences cut what log, peer and client have seen into
 * what belongs to each input.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { LogEntry } from '../../src/data-plane/access-log-line.ts';
import type { Cleanup } from '../harness/cleanup.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually, within } from '../harness/eventually.ts';
import { requestBytes } from '../harness/raw-client.ts';
import { escapeBytes } from '../harness/read-message.ts';
import { readResponse } from '../harness/read-response.ts';
import { writePieces } from '../harness/segmentations.ts';
import type { Input } from './inputs.ts';
import type { Peer, SeenRequest } from './peer.ts';
import { temporaryFolder } from './peer-process.ts';

export type LogLine = Pick<
  LogEntry,
  'method' | 'target' | 'status' | 'code' | 'bytesIn' | 'pool' | 'backend' | 'attempts'
>;

/** What all sides have seen of one input. */
export interface Seen {
  readonly input: Input;
  /** Every byte that the client got, as latin1. */
  readonly received: string;
  readonly log: readonly LogLine[];
  /** What the peer took for complete requests. */
  readonly requests: readonly SeenRequest[];
}

export interface Observation {
  readonly peer: Peer;
  readonly plane: DataPlane;
  readonly seen: readonly Seen[];
  /** Every line, fences included. */
  readonly log: readonly LogLine[];
  /** What was wrong with the answer to a fence. */
  readonly fenceProblems: readonly string[];
}

const LIMIT_MS = 20_000;
const BACKEND = 'peer';
const fenceTarget = (index: number): string => `/fence/${index}`;

/** Pieces by the fence that ended them; what comes after the last fence is left out. */
function byFence<T extends { readonly target: string }>(items: readonly T[]): T[][] {
  const groups: T[][] = [[]];
  for (const item of items) {
    if (item.target === fenceTarget(groups.length - 1)) groups.push([]);
    else groups.at(-1)?.push(item);
  }
  return groups.slice(0, -1);
}

/** Sends pieces, ends the sending side, and answers every byte that came until the other side ended. */
async function talk(port: number, id: string, pieces: readonly string[]): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const over = Promise.withResolvers<void>();
  let received = '';
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
  });
  socket.on('end', over.resolve);
  socket.on('error', () => over.resolve());
  socket.on('close', () => over.resolve());
  try {
    await writePieces(socket, pieces);
    if (socket.writable) socket.end();
    await within(`the end of "${id}"`, LIMIT_MS, over.promise);
    return received;
  } finally {
    socket.destroy();
  }
}

/** What is wrong with the answer to a fence; null where all is well. */
async function fence(port: number, index: number): Promise<string | null> {
  const target = fenceTarget(index);
  const received = await talk(port, target, [requestBytes('GET', target)]);
  const response = readResponse(received, 0, 'GET', 'ended');
  return response?.body === `ok ${target}` ? null : `${target} got "${escapeBytes(received)}"`;
}

/** Sends all inputs through a worker of its own to `peer`, and gathers what was seen of them. */
export async function observe(cleanup: Cleanup, peer: Peer, inputs: readonly Input[]): Promise<Observation> {
  const logFile = path.join(await temporaryFolder(cleanup), 'access.log');
  const plane = await startDataPlane(cleanup, {
    pools: [{ backends: [{ name: BACKEND, port: peer.port }] }],
    accessLog: { path: logFile, format: 'json' },
  });
  const received: string[] = [];
  const fenceProblems: string[] = [];
  for (const [index, input] of inputs.entries()) {
    received.push(await talk(plane.port, input.id, input.pieces));
    const problem = await fence(plane.port, index);
    if (problem !== null) fenceProblems.push(`after ${input.id}: ${problem}`);
  }
  await plane.atRest();
  const readLog = (): LogLine[] =>
    readFileSync(logFile, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
  const lastFence = fenceTarget(inputs.length - 1);
  await eventually('the last line of the access log', () => readLog().at(-1)?.target === lastFence);
  await eventually('the peer to know the last request', () => peer.complete().at(-1)?.target === lastFence);
  const log = readLog();
  const lines = byFence(log);
  const requests = byFence(peer.complete());
  const seen = inputs.map((input, index) => ({
    input,
    received: received[index] ?? '',
    log: lines[index] ?? [],
    requests: requests[index] ?? [],
  }));
  return { peer, plane, seen, log, fenceProblems };
}
