/** 500 WebSockets at once, messages both ways on all of them, none lost and none mixed up. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { poolOf, runBalancer } from '../../harness/balancer-program.ts';
import { startEchoBackend } from '../../harness/echo-backend.ts';
import { within } from '../../harness/eventually.ts';
import { report } from './verdict.ts';

const SOCKETS = 500;
const ROUNDS = 20;
const LIMIT_MS = 120_000;

await report('many-web-sockets', async (cleanup) => {
  const backends = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startEchoBackend(cleanup, name)));
  const { admin, port } = await runBalancer(cleanup, { pools: { web: poolOf(backends) } });
  const faults: string[] = [];
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
      cleanup.after(() => socket.terminate());
      await within('a WebSocket to open', LIMIT_MS, once(socket, 'open'));
      socket.on('error', (error) => faults.push(String(error)));
      return socket;
    }),
  );
  const inFlight = (await admin.pool()).backends.map((backend) => backend.inFlight);
  if (inFlight.some((count) => count !== SOCKETS / backends.length)) faults.push(`in flight ${inFlight.join(', ')}`);

  let echoes = 0;
  let bytes = 0;
  const startMs = performance.now();
  const talk = async (socket: WebSocket, index: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const message = `${index} ${round} `.padEnd(round % 5 === 4 ? 100_000 : 200, String(index));
      socket.send(message);
      const [echoed] = (await once(socket, 'message')) as [Buffer];
      if (echoed.toString() !== message) faults.push(`socket ${index} got another answer in round ${round}`);
      echoes++;
      bytes += 2 * message.length;
    }
  };
  await within('all echoes', LIMIT_MS, Promise.all(sockets.map(talk)));
  const seconds = (performance.now() - startMs) / 1_000;
  for (const socket of sockets) socket.close(1000);
  await within('all to close', LIMIT_MS, Promise.all(sockets.map((socket) => once(socket, 'close'))));
  await admin.atRest();
  const pool = await admin.pool();
  if (pool.statuses['1xx'] !== SOCKETS || pool.failures !== 0) {
    faults.push(`${pool.statuses['1xx']} tunnels and ${pool.failures} failures were counted`);
  }
  return [
    {
      figures: `${SOCKETS} WebSockets at once, ${echoes} of ${SOCKETS * ROUNDS} echoes, ${Math.round(bytes / 2 ** 20)} MiB both ways in ${seconds.toFixed(1)} s, in flight ${inFlight.join(' + ')}, 0 after`,
      faults,
    },
  ];
});
