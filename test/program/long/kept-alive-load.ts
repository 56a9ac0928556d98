/**
 * Many kept-alive connections at once, each sending its next request when it has the answer to
 * the last: a client of as little work as possible, so that the balancer is what is loaded.
 */
import net from 'node:net';

export interface KeptAliveReport {
  answered: number;
  readonly byBackend: Map<string, number>;
  readonly faults: string[];
  seconds: number;
}

const HEAD_END = '\r\n\r\n';
const BACKEND_FIELD = /\r\nx-backend: (\S+)/i;
const LENGTH_FIELD = /\r\ncontent-length: (\d+)/i;

/** Resolves when `requests` are answered over `connections`, or every connection has failed. */
export async function runKeptAliveLoad(port: number, connections: number, requests: number): Promise<KeptAliveReport> {
  const report: KeptAliveReport = { answered: 0, byBackend: new Map(), faults: [], seconds: 0 };
  const request = `GET /load HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const open = await Promise.all(Array.from({ length: connections }, () => connect(port)));
  const startMs = performance.now();
  let sent = 0;
  await Promise.all(
    open.map(
      (socket) =>
        new Promise<void>((resolve) => {
          let text = '';
          let isWaiting = false;
          const next = (): void => {
            isWaiting = sent < requests;
            if (isWaiting) {
              sent++;
              socket.write(request);
            } else socket.end();
          };
          socket.setEncoding('latin1');
          socket.on('data', (piece: string) => {
            text += piece;
            const end = text.indexOf(HEAD_END);
            if (end < 0) return;
            const head = text.slice(0, end);
            const bytes = Number(LENGTH_FIELD.exec(head)?.[1]);
            if (!(text.length >= end + HEAD_END.length + bytes)) return;
            text = text.slice(end + HEAD_END.length + bytes);
            const name = BACKEND_FIELD.exec(head)?.[1];
            if (!head.startsWith('HTTP/1.1 200') || name === undefined) report.faults.push(head.slice(0, 200));
            else {
              report.answered++;
              report.byBackend.set(name, (report.byBackend.get(name) ?? 0) + 1);
            }
            next();
          });
          socket.on('error', (error) => report.faults.push(String(error)));
          socket.on('close', () => {
            if (isWaiting) report.faults.push('closed without an answer');
            resolve();
          });
          next();
        }),
    ),
  );
  report.seconds = (performance.now() - startMs) / 1_000;
  return report;
}

function connect(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
