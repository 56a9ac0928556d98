/**
 * The servers behind every proxy: one nginx with three ports, or a Node server with as many where
 * nginx is not installed. They answer `/64b`, `/64k` and `/1m` with so many bytes, `/post` with the
 * length of the body they were sent, `/post-chunked` with a word, and name their address in
 * `X-Backend`. Where there are to be more than three backends, the ports are open at more loopback
 * addresses. For messages it is a Node server that sends back what it gets (`echo-server.ts`).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, freePorts, OTHER_CORE, type Running, startServer, versionBy } from './processes.ts';

const PORTS = 3;

export const BODIES: Readonly<Record<string, number>> = { '/64b': 64, '/64k': 64 * 1024, '/1m': 1024 * 1024 };

/** What `/post-chunked` answers. */
export const CHUNKED_ANSWER = 'taken';

export interface Backends extends Running {
  /** `127.0.0.1:8081`; as many as are wanted, rounded up to three of each host. */
  readonly addresses: readonly string[];
  /** Program and version, for the report. */
  readonly program: string;
}

/** The body of so many bytes that every backend sends. */
export function bodyOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'ballast bench 0123456789 abcdefghijklmnopqrstuvwxyz\n');
}

export async function startBackends(root: string, count: number, isEcho: boolean): Promise<Backends> {
  const directory = path.join(root, 'backends');
  mkdirSync(directory, { recursive: true });
  const ports = await freePorts(PORTS);
  const hosts = Array.from({ length: Math.ceil(count / PORTS) }, (_, host) => hostOf(host));
  const addresses = hosts.flatMap((host) => ports.map((port) => `${host}:${port}`));
  const version = isEcho ? null : versionBy('nginx', ['-v'], /nginx\/(\S+)/);
  const command =
    version === null
      ? nodeCommand(isEcho ? 'echo-server.ts' : 'backend-server.ts', addresses)
      : nginxCommand(addresses, directory);
  const running = await startServer('backends', command, OTHER_CORE, ports, path.join(directory, 'backends.log'));
  return { ...running, addresses, program: version === null ? `Node ${process.versions.node}` : `nginx ${version}` };
}

/** All of 127.0.0.0/8 is this machine. */
const hostOf = (number: number): string => `127.0.${Math.floor(number / 200)}.${(number % 200) + 1}`;

function nodeCommand(file: string, addresses: readonly string[]): Command {
  return { command: process.execPath, args: [path.join(import.meta.dirname, file), ...addresses] };
}

function nginxCommand(addresses: readonly string[], directory: string): Command {
  for (const [file, bytes] of Object.entries(BODIES)) writeFileSync(path.join(directory, file), bodyOf(bytes));
  const config = `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${directory}/backends.pid;
error_log ${directory}/backends-error.log warn;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${directory}/backends-body;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  sendfile on;
  tcp_nopush on;
  client_body_buffer_size 64k;
  open_file_cache max=16 inactive=1h;
  server {
${addresses.map((address) => `    listen ${address} backlog=4096;`).join('\n')}
    root ${directory};
    default_type application/octet-stream;
    add_header X-Backend $server_addr:$server_port;
    location = /post { return 200 $http_content_length; }
    location = /post-chunked { return 200 ${CHUNKED_ANSWER}; }
  }
}
`;
  const file = path.join(directory, 'backends.conf');
  writeFileSync(file, config);
  return { command: 'nginx', args: ['-p', directory, '-c', file] };
}
