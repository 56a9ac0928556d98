/**
 * HAProxy as a backend. It reads what the balancer writes, and passes what it has read on to a
 * recording backend of ours in its own words: method, target and body as HAProxy took them. (An
 * answer of its own would not do: it gives one to half a body too, once the connection ends.)
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cleanup } from '../harness/cleanup.ts';
import { freePort } from '../harness/free-port.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';
import { type Peer, seenRequest } from './peer.ts';
import { startPeerProcess, temporaryFolder } from './peer-process.ts';

/** Above the longest head that is sent. */
const BUFFER_BYTES = 128 * 1024;

const configOf = (port: number, recorderPort: number): string => `global
  maxconn 200
  nbthread 1
  tune.bufsize ${BUFFER_BYTES}
  tune.http.maxhdr 512
  log stdout format raw local0
defaults
  mode http
  log global
  option dontlognull
  option http-buffer-request
  retries 0
  timeout client 30s
  timeout connect 5s
  timeout server 30s
  timeout http-request 30s
  timeout http-keep-alive 60s
frontend peer
  bind 127.0.0.1:${port}
  log-format "seen %ST %ts %[capture.req.method] %[capture.req.uri]"
  default_backend recorder
backend recorder
  http-reuse never
  server recorder 127.0.0.1:${recorderPort}
`;

const LINE = /seen (\d+|-1) .*/;

/** @param program where HAProxy is */
export async function startHaproxyPeer(cleanup: Cleanup, program: string): Promise<Peer> {
  const recorder = await startRecordingBackend(cleanup);
  const folder = await temporaryFolder(cleanup);
  const port = await freePort();
  const configFile = path.join(folder, 'haproxy.cfg');
  await writeFile(configFile, configOf(port, recorder.port));
  const running = await startPeerProcess(cleanup, program, ['-db', '-f', configFile], port);
  return {
    name: 'HAProxy',
    port,
    complete: () => recorder.arrivals.map(({ method, target, body }) => seenRequest(method, target, body)),
    refusals: () =>
      running
        .stdout()
        .split('\n')
        .flatMap((line) => {
          const [whole, status] = LINE.exec(line) ?? [];
          return whole === undefined || status === '200' ? [] : [whole];
        }),
    // It asks for the key of a WebSocket.
    mayRefuse: (_request, input) => /\r\nupgrade: *websocket/i.test(input) && !/sec-websocket-key/i.test(input),
  };
}
