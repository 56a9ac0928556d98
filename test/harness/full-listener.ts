/**
 * A listener whose queue of connections is full and who never accepts: a connection to it neither
 * opens nor fails. It is a process of its own, stopped by a signal, since a running event loop
 * accepts by itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';

const LISTEN = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;
/** A loopback connection opens in far less; one that has not by then waits for room in the queue. */
const WAITING_MS = 250;
const ATTEMPTS = 16;

/** Starts one and fills its queue; resolves with its port. */
export async function startFullListener(cleanup: Cleanup): Promise<number> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.after(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    cleanup.after(() => void socket.destroy());
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true), delay(WAITING_MS).then(() => false)]);
    if (!isOpen) return port;
  }
  throw new Error(`${ATTEMPTS} connections did not fill the queue of the listener`);
}
