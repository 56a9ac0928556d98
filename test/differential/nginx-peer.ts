/**
 * nginx as a backend. It reads what the balancer writes, and passes what it has read on to a
 * recording backend of ours in its own words: method, target and body as nginx took them.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cleanup } from '../harness/cleanup.ts';
import { freePort } from '../harness/free-port.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';
import { type Peer, seenRequest } from './peer.ts';
import { startPeerProcess, temporaryFolder } from './peer-process.ts';

function configOf(folder: string, port: number, recorderPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((what) => `  ${what}_temp_path ${folder}/${what};`)
    .join('\n');
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 512; }
http {
${temporary}
  log_format seen escape=json '{"status":$status,"line":"$request"}';
  access_log ${folder}/access.log seen;
  large_client_header_buffers 8 64k;
  client_max_body_size 0;
  underscores_in_headers on;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${recorderPort}; proxy_next_upstream off; }
  }
}
`;
}

interface LogLine {
  readonly status: number;
  readonly line: string;
}

/** @param program where nginx is */
export async function startNginxPeer(cleanup: Cleanup, program: string): Promise<Peer> {
  const recorder = await startRecordingBackend(cleanup);
  const folder = await temporaryFolder(cleanup);
  const port = await freePort();
  const configFile = path.join(folder, 'nginx.conf');
  await writeFile(configFile, configOf(folder, port, recorder.port));
  await startPeerProcess(cleanup, program, ['-e', 'stderr', '-p', folder, '-c', configFile], port);
  const log = (): LogLine[] =>
    readFileSync(path.join(folder, 'access.log'), 'latin1')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  return {
    name: 'nginx',
    port,
    complete: () => recorder.arrivals.map(({ method, target, body }) => seenRequest(method, target, body)),
    refusals: () =>
      log()
        .filter(({ status }) => status !== 200)
        .map(({ status, line }) => `${status} ${line}`),
    // Its methods are of upper-case letters, `_` and `-`; it decodes paths, and takes no zero byte in
    // one, no half an escape, no way above the root and no `*`; a tab before a value is part of it.
    mayRefuse: ({ method, target }, input) =>
      target === '*' ||
      !/^[A-Z_-]+$/.test(method) ||
      /%00|%(?![0-9A-Fa-f]{2})|\.\./.test(target) ||
      /: *\t/.test(input),
  };
}
