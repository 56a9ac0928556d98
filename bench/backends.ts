/**
 * The servers behind every proxy: one nginx with three ports, or a Node server with as many where
 * nginx is not installed. They answer `/64b`, `/64k` and `/1m` with so many bytes, `/post` with the
 * length of the body they were sent, and name their port in `X-Backend`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, freePorts, OTHER_CORE, type Running, startServer, versionBy } from './processes.ts';

const BACKENDS = 3;

export const BODIES: Readonly<Record<string, number>> = { '/64b': 64, '/64k': 64 * 1024, '/1m': 1024 * 1024 };

export interface Backends extends Running {
  readonly ports: readonly number[];
  /** Program and version, for the report. */
  readonly program: string;
}

/** The body of so many bytes that every backend sends. */
export function bodyOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'ballast bench 0123456789 abcdefghijklmnopqrstuvwxyz\n');
}

export async function startBackends(root: string): Promise<Backends> {
  const directory = path.join(root, 'backends');
  mkdirSync(directory, { recursive: true });
  const ports = await freePorts(BACKENDS);
  const version = versionBy('nginx', ['-v'], /nginx\/(\S+)/);
  const command = version === null ? nodeCommand(ports) : nginxCommand(ports, directory);
  const running = await startServer('backends', command, OTHER_CORE, ports, path.join(directory, 'backends.log'));
  return { ...running, ports, program: version === null ? `Node ${process.versions.node}` : `nginx ${version}` };
}

function nodeCommand(ports: readonly number[]): Command {
  return {
    command: process.execPath,
    args: [path.join(import.meta.dirname, 'backend-server.ts'), ...ports.map(String)],
  };
}

function nginxCommand(ports: readonly number[], directory: string): Command {
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
${ports.map((port) => `    listen 127.0.0.1:${port} backlog=4096;`).join('\n')}
    root ${directory};
    default_type application/octet-stream;
    add_header X-Backend $server_port;
    location = /post { return 200 $http_content_length; }
  }
}
`;
  const file = path.join(directory, 'backends.conf');
  writeFileSync(file, config);
  return { command: 'nginx', args: ['-p', directory, '-c', file] };
}
