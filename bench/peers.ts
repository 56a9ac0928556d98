/**
 * Who is measured: one entry a peer. Each balances round robin over the same backends with one
 * worker, keeps connections to them open, writes no access log, checks health slowly or not at
 * all, and tells the backend who asked (`X-Forwarded-For`, `-Proto`, `-Host`) and by whom (`Via`)
 * where its configuration can, since Ballast does. The report prints each config as it was used.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, versionBy } from './processes.ts';
import type { Scenario } from './scenarios.ts';

export interface PeerSetting {
  readonly port: number;
  readonly backends: readonly number[];
  /** Where the peer may write. */
  readonly directory: string;
  readonly scenario: Scenario;
}

export interface Peer {
  readonly name: string;
  /** What kind of thing it is, for the report. */
  readonly kind: string;
  /** The installed version; null where it is not installed. */
  version(): string | null;
  /** Text of its config file; null where it is configured by the source in `proxies/`. */
  config(setting: PeerSetting): string | null;
  /** How to start it in the foreground; `configFile` holds the config. */
  command(setting: PeerSetting, configFile: string): Command;
}

const KIB = 1024;
const ROOT = path.resolve(import.meta.dirname, '..');

const ballast: Peer = {
  name: 'ballast',
  kind: 'this project, control plane included',
  version: () => packageVersion(path.join(ROOT, 'package.json')),
  config: ({ port, backends }) => `version: 1
workers: 1
listeners:
  web: { address: "127.0.0.1:${port}" }
pools:
  web:
    policy: round-robin
    backends:
${backends.map((backend) => `      - http://127.0.0.1:${backend}`).join('\n')}
    idleConnections: { max: 1024 }
routes:
  - { pool: web }
`,
  command: (_setting, configFile) => ({ command: path.join(ROOT, 'bin/ballast'), args: ['run', '-c', configFile] }),
};

/**
 * The size that HAProxy did best with among 16, 64 and 128 KiB: a 64 KiB answer should fit with its
 * head, a stream should not be held up. Splicing was slower in every case.
 */
function haproxyBufferBytes({ answerBytes }: Scenario): number {
  if (answerBytes > 64 * KIB) return 64 * KIB;
  return answerBytes === 64 * KIB ? 128 * KIB : 16 * KIB;
}

const haproxy: Peer = {
  name: 'haproxy',
  kind: 'C',
  version: () => versionBy('haproxy', ['-v'], /version (\S+)/i),
  config: ({ port, backends, scenario }) => `global
  nbthread 1
  maxconn 2048
  tune.bufsize ${haproxyBufferBytes(scenario)}
defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  timeout http-keep-alive 1h
  option http-keep-alive
  http-reuse always
frontend web
  bind 127.0.0.1:${port} backlog 4096
  default_backend web
backend web
  balance roundrobin
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request add-header Via "1.1 haproxy"
${backends.map((backend) => `  server b${backend} 127.0.0.1:${backend} pool-max-conn 1024`).join('\n')}
`,
  command: (_setting, configFile) => ({ command: 'haproxy', args: ['-db', '-f', configFile] }),
};

/** The setting that nginx did best with: no buffering for streams, whole answers in memory for the rest. */
function nginxBuffers({ answerBytes }: Scenario): string {
  return answerBytes > 64 * KIB
    ? `      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 4 64k;`
    : `      proxy_buffer_size 16k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 256k;
      proxy_max_temp_file_size 0;`;
}

const nginx: Peer = {
  name: 'nginx',
  kind: 'C',
  version: () => versionBy('nginx', ['-v'], /nginx\/(\S+)/),
  config: ({ port, backends, directory, scenario }) => `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;\n' : ''}pid ${directory}/nginx.pid;
error_log ${directory}/nginx-error.log warn;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 64k;
  upstream web {
${backends.map((backend) => `    server 127.0.0.1:${backend};`).join('\n')}
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Via "1.1 nginx";
${nginxBuffers(scenario)}
    }
  }
}
`,
  command: ({ directory }, configFile) => ({ command: 'nginx', args: ['-p', directory, '-c', configFile] }),
};

const caddy: Peer = {
  name: 'caddy',
  kind: 'Go',
  version: () => versionBy('caddy', ['version'], /v?(\d\S*)/),
  config: ({ port, backends }) => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${backends.map((backend) => `127.0.0.1:${backend}`).join(' ')} {
    lb_policy round_robin
    transport http {
      keepalive 1h
      keepalive_idle_conns 4096
      keepalive_idle_conns_per_host 1024
    }
  }
}
`,
  command: ({ directory }, configFile) => ({
    command: 'caddy',
    args: ['run', '--config', configFile, '--adapter', 'caddyfile'],
    env: { GOMAXPROCS: '1', HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  }),
};

/** A peer from npm, installed by `npm install` in this directory and set up in `proxies/`. */
function nodePeer(name: string, kind: string): Peer {
  return {
    name,
    kind,
    version: () => packageVersion(path.join(import.meta.dirname, 'node_modules', name, 'package.json')),
    config: () => null,
    command: ({ port, backends }) => ({
      command: process.execPath,
      args: [path.join(import.meta.dirname, 'proxies', `${name}.ts`), String(port), ...backends.map(String)],
      env: { NODE_ENV: 'production' },
    }),
  };
}

export const PEERS: readonly Peer[] = [
  ballast,
  haproxy,
  nginx,
  caddy,
  nodePeer('undici', 'Node: node:http with an undici Pool behind it'),
  nodePeer('fast-proxy', 'Node'),
  nodePeer('httpxy', 'Node'),
  nodePeer('http-proxy-3', 'Node'),
];

/** The peers whose better one is the bar. */
export const BAR = ['haproxy', 'nginx'];

/** The source that configures a peer without a config file. */
export function sourceOf(peer: Peer): string {
  return readFileSync(path.join(import.meta.dirname, 'proxies', `${peer.name}.ts`), 'utf8');
}

function packageVersion(file: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return version;
  } catch {
    return null;
  }
}
