/**
 * Preloaded into a balancer by `NODE_OPTIONS=--import`, it lets a test make one worker thread fail
 * to open a port: worker 1 cannot listen on the port that is written in the file `REFUSED_PORT_FILE`,
 * for as long as it says so. Nothing happens in the main thread, which finds the port free.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { isMainThread, workerData } from 'node:worker_threads';

const UNLUCKY = 1;

const file = process.env['REFUSED_PORT_FILE'];
const worker: unknown = (workerData as { readonly worker?: unknown } | null)?.worker;

if (!isMainThread && file !== undefined && worker === UNLUCKY) {
  const listen = Reflect.get(net.Server.prototype, 'listen') as (...args: unknown[]) => net.Server;
  const refused = (): number => {
    try {
      return Number(readFileSync(file, 'utf8'));
    } catch {
      return 0;
    }
  };
  Reflect.set(net.Server.prototype, 'listen', function (this: net.Server, ...args: unknown[]): net.Server {
    const [options] = args as [{ readonly port?: number } | undefined];
    if (options?.port === undefined || options.port !== refused()) return Reflect.apply(listen, this, args);
    const error = new Error(`listen EADDRINUSE: address already in use :${options.port}`);
    process.nextTick(() => this.emit('error', error));
    return this;
  });
}
