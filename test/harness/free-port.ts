/**
 * Ports for listeners that cannot say which one they got: several worker threads share one, and a
 * config file names it beforehand. They are taken below the range from which the system takes the
 * ports of outgoing connections, so that none of those is in the way.
 */
import { randomInt } from 'node:crypto';
import net from 'node:net';

const FIRST_PORT = 15_000;
const END_PORT = 32_000;

const taken = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

// Between the look and the use of a port another test's process must not take it, so each begins
// its own search in a stretch of its own.
const STRETCH = 40;
const STRETCHES = Math.floor((END_PORT - FIRST_PORT) / STRETCH);
const firstOfMine = FIRST_PORT + (process.pid % STRETCHES) * STRETCH;
let given = 0;

/** A port on 127.0.0.1 that nobody listens on, given once in this process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const port = given < STRETCH ? firstOfMine + given++ : randomInt(FIRST_PORT, END_PORT);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port in ${FIRST_PORT}..${END_PORT - 1}`);
}
