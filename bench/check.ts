/**
 * Proves that a peer does the work before its cost is measured: right status, every byte of the
 * answer, the body of a POST passed on, all backends used, and the connection kept open or closed
 * as the scenario asks.
 */
import http from 'node:http';
import { bodyOf } from './backends.ts';
import type { Scenario } from './scenarios.ts';

const REQUESTS = 12;

/** Null, or what the peer got wrong. */
export async function faultOf(port: number, backends: readonly number[], scenario: Scenario): Promise<string | null> {
  const agent = new http.Agent({ keepAlive: !scenario.closesConnections, maxSockets: 1 });
  const usedBackends = new Set<string>();
  const clientPorts = new Set<number>();
  try {
    for (let request = 0; request < REQUESTS; request++) {
      const answer = await ask(port, scenario, agent);
      clientPorts.add(answer.clientPort);
      usedBackends.add(answer.backend);
      if (answer.status !== 200) return `status ${answer.status}: ${answer.body.toString('latin1', 0, 120)}`;
      const due =
        scenario.method === 'POST' ? Buffer.from(String(scenario.requestBytes)) : bodyOf(scenario.answerBytes);
      if (!answer.body.equals(due)) return `${answer.body.length} bytes that differ from the ${due.length} due`;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    agent.destroy();
  }
  if (usedBackends.size !== backends.length) return `only ${usedBackends.size} of ${backends.length} backends are used`;
  const connections = scenario.closesConnections ? REQUESTS : 1;
  if (clientPorts.size !== connections) return `${clientPorts.size} connections where ${connections} are due`;
  return null;
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
  if (scenario.requestBytes === 0) request.end();
  else request.setHeader('Content-Length', scenario.requestBytes).end(bodyOf(scenario.requestBytes));
  return promise;
}
