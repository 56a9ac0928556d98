/**
 * Ports for listeners that cannot say which one they got: several worker threads share one, and a
 * config file names it beforehand. They are taken below the range from which the system takes the
 * ports of outgoing connections, so that none of those is in the way.
 *
 * Between the look and the use of a port nobody else must take it, not even to look: what waits
 * for a program to accept would find another test instead. So each process has stretches of its
 * own, and listens on the first port of each for as long as it lives.
 */
import net from 'node:net';

const FIRST_PORT = 15_000;
const END_PORT = 32_000;
const STRETCH = 40;
const STRETCHES = Math.floor((END_PORT - FIRST_PORT) / STRETCH);

let next = 0;
let end = 0;
let looked = 0;
let claiming: Promise<void> | null = null;

/** Resolves with whether this process listens on the port now; with `isKept` it goes on doing so. */
function listens(port: number, isKept: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.unref();
      if (isKept) resolve(true);
      else server.close(() => resolve(true));
    });
  });
}

async function claimStretch(): Promise<void> {
  for (; looked < STRETCHES; looked++) {
    const first = FIRST_PORT + ((process.pid + looked) % STRETCHES) * STRETCH;
    if (!(await listens(first, true))) continue;
    looked++;
    next = first + 1;
    end = first + STRETCH;
    return;
  }
  throw new Error(`no free stretch of ports in ${FIRST_PORT}..${END_PORT - 1}`);
}

/** A port on 127.0.0.1 that nobody listens on, given once. */
export async function freePort(): Promise<number> {
  for (;;) {
    if (next < end) {
      const port = next++;
      if (await listens(port, false)) return port;
      continue;
    }
    claiming ??= claimStretch().finally(() => {
      claiming = null;
    });
    await claiming;
  }
}
