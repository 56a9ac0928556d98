/**
 * Proves that a peer does the work before its cost is measured: right status, every byte of the
 * answer, the body of a POST passed on, all backends used, and the connection kept open or closed
 * as the scenario asks.
 */
import http from 'node:http';
import net from 'node:net';
import { bodyOf, CHUNKED_ANSWER } from './backends.ts';
import { MESSAGE, upgradeRequest } from './message-load.ts';
import type { Scenario } from './scenarios.ts';

const REQUESTS = 12;

/** Null, or what the peer got wrong. */
export async function faultOf(port: number, backendCount: number, scenario: Scenario): Promise<string | null> {
  if (scenario.load === 'messages') return messageFault(port, scenario);
  const agent = new http.Agent({ keepAlive: !scenario.closesConnections, maxSockets: 1 });
  const usedBackends = new Set<string>();
  const clientPorts = new Set<number>();
  try {
    for (let request = 0; request < REQUESTS; request++) {
      const answer = await ask(port, scenario, agent);
      clientPorts.add(answer.clientPort);
      usedBackends.add(answer.backend);
      if (answer.status !== 200) return `status ${answer.status}: ${answer.body.toString('latin1', 0, 120)}`;
      const due = answerDue(scenario);
      if (!answer.body.equals(due)) return `${answer.body.length} bytes that differ from the ${due.length} due`;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    agent.destroy();
  }
  // One request at a time: least connections then has a tie to break, in whatever way.
  const used = scenario.policy === 'least-connections' ? 1 : Math.min(backendCount, REQUESTS);
  if (usedBackends.size < used) return `only ${usedBackends.size} of ${backendCount} backends are used`;
  const connections = scenario.closesConnections ? REQUESTS : 1;
  if (clientPorts.size !== connections) return `${clientPorts.size} connections where ${connections} are due`;
  return null;
}

function answerDue({ method, isChunked, requestBytes, answerBytes }: Scenario): Buffer {
  if (method === 'GET') return bodyOf(answerBytes);
  return Buffer.from(isChunked ? CHUNKED_ANSWER : String(requestBytes));
}

const MESSAGES = 3;

/** Null where messages come back as they were sent. */
function messageFault(port: number, scenario: Scenario): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = net.connect({ port, host: '127.0.0.1' });
  let got = Buffer.alloc(0);
  let isOpen = false;
  socket.setTimeout(5000, () => resolve('no message within 5 s'));
  socket.on('connect', () => socket.write(upgradeRequest(scenario.path, scenario.host)));
  socket.on('error', (error) => resolve(error.message));
  socket.on('close', () => resolve('the connection was closed'));
  socket.on('data', (bytes: Buffer) => {
    got = Buffer.concat([got, bytes]);
    if (!isOpen) {
      const end = got.indexOf('\r\n\r\n');
      if (end === -1) return;
      const line = got.toString('latin1', 0, got.indexOf('\r\n'));
      if (!line.startsWith('HTTP/1.1 101 ')) return resolve(line);
      isOpen = true;
      got = got.subarray(end + 4);
      for (let message = 0; message < MESSAGES; message++) socket.write(MESSAGE);
    }
    if (got.length < MESSAGES * MESSAGE.length) return;
    const due = Buffer.concat(Array.from({ length: MESSAGES }, () => MESSAGE));
    resolve(got.equals(due) ? null : 'messages come back changed');
  });
  return promise.finally(() => socket.destroy());
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly backend: string;
  readonly clientPort: number;
}

function ask(port: number, scenario: Scenario, agent: http.Agent): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = http.request(
    { host: '127.0.0.1', port, path: scenario.path, method: scenario.method, agent, timeout: 5000 },
    (response) => {
      const pieces: Buffer[] = [];
      const clientPort = response.socket.localPort ?? 0;
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const backend = String(response.headers['x-backend'] ?? 'unknown');
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces), backend, clientPort });
      });
    },
  );
  request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
  request.on('error', reject);
  if (scenario.host !== '127.0.0.1') request.setHeader('Host', scenario.host);
  if (scenario.isChunked) request.write(bodyOf(scenario.requestBytes), () => request.end());
  else if (scenario.requestBytes === 0) request.end();
  else request.setHeader('Content-Length', scenario.requestBytes).end(bodyOf(scenario.requestBytes));
  return promise;
}
