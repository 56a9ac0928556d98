/**
 * Who is measured: one entry a peer. Each balances over the same backends with one worker, by the
 * scenario's policy, keeps connections to them open, writes no access log, checks health slowly or
 * not at all, and tells the backend who asked (`X-Forwarded-For`, `-Proto`, `-Host`) and by whom
 * (`Via`) where its configuration can, since Ballast does. Buffers are as each comes; the tuned ones
 * have those that it did best with. The report prints each config as it was used.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BOTH_CORES, type Command, versionBy } from './processes.ts';
import { routeHosts, type Scenario, type Variant } from './scenarios.ts';

export interface PeerSetting {
  readonly port: number;
  /** `127.0.0.1:8081` and so on. */
  readonly backends: readonly string[];
  /** Where the peer may write. */
  readonly directory: string;
  readonly scenario: Scenario;
}

export interface Peer {
  readonly name: string;
  /** What kind of thing it is, for the report. */
  readonly kind: string;
  /** Whether it is measured in this scenario. */
  takes(scenario: Scenario): boolean;
  /** Cores that it may use; left out, one of its own. */
  readonly cores?: string;
  /** The installed version; null where it is not installed. */
  version(): string | null;
  /** Text of its config file; null where it is configured by the source in `proxies/`. */
  config(setting: PeerSetting): string | null;
  /** How to start it in the foreground; `configFile` holds the config. */
  command(setting: PeerSetting, configFile: string): Command;
}

const KIB = 1024;
const ROOT = path.resolve(import.meta.dirname, '..');

/** Of the backends in turn, where they have any. */
const WEIGHTS = [3, 2, 1];
const weightOf = (index: number): number => WEIGHTS[index % WEIGHTS.length] ?? 1;
const isWeighted = ({ policy }: Scenario): boolean => policy === 'weighted-round-robin';
const isLarge = ({ answerBytes }: Scenario): boolean => answerBytes >= 64 * KIB;

function ballastConfig(
  { port, backends, scenario }: PeerSetting,
  { workers = 1, routeCount = 1 }: Partial<Variant>,
): string {
  const entries = backends.map((backend, index) =>
    isWeighted(scenario) ? `{ url: "http://${backend}", weight: ${weightOf(index)} }` : `http://${backend}`,
  );
  return `version: 1
workers: ${workers}
listeners:
  web: { address: "127.0.0.1:${port}" }
pools:
  web:
    policy: ${scenario.policy}
    backends:
${entries.map((entry) => `      - ${entry}`).join('\n')}
    idleConnections: { max: 1024 }
routes:
${routeHosts(routeCount)
  .map((host) => `  - { match: { host: ${host} }, pool: web }\n`)
  .join('')}  - { pool: web }
`;
}

function ballastAs(variant: Partial<Variant>, isPinned = true): Peer {
  return {
    name: variant.name ?? 'ballast',
    kind: 'this project, control plane included',
    takes: () => true,
    ...(isPinned ? {} : { cores: BOTH_CORES }),
    version: () => packageVersion(path.join(ROOT, 'package.json')),
    config: (setting) => ballastConfig(setting, variant),
    command: (_setting, configFile) => ({ command: path.join(ROOT, 'bin/ballast'), args: ['run', '-c', configFile] }),
  };
}

const ballast = ballastAs({});

/**
 * The size that HAProxy did best with among 16, 64 and 128 KiB: a 64 KiB answer should fit with its
 * head, a stream should not be held up. Splicing was slower in every case.
 */
function haproxyBufferBytes({ answerBytes }: Scenario): number {
  return answerBytes > 64 * KIB ? 64 * KIB : 128 * KIB;
}

const haproxyAs = (isTuned: boolean): Peer => ({
  name: isTuned ? 'haproxy-tuned' : 'haproxy',
  kind: 'C',
  takes: (scenario) => !isTuned || isLarge(scenario),
  version: () => versionBy('haproxy', ['-v'], /version (\S+)/i),
  config: ({ port, backends, scenario }) => `global
  nbthread 1
  maxconn 2048
${isTuned ? `  tune.bufsize ${haproxyBufferBytes(scenario)}\n` : ''}defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  timeout http-keep-alive 1h
  timeout tunnel 1h
  option http-keep-alive
  http-reuse always
frontend web
  bind 127.0.0.1:${port} backlog 4096
  default_backend web
backend web
  balance ${scenario.policy === 'least-connections' ? 'leastconn' : 'roundrobin'}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request add-header Via "1.1 haproxy"
${backends.map((backend, index) => `  server b${index} ${backend} pool-max-conn 1024${isWeighted(scenario) ? ` weight ${weightOf(index)}` : ''}`).join('\n')}
`,
  command: (_setting, configFile) => ({ command: 'haproxy', args: ['-db', '-f', configFile] }),
});

const NGINX_UPGRADE = `      proxy_set_header Connection "upgrade";
      proxy_set_header Upgrade $http_upgrade;
      proxy_read_timeout 1h;`;

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

const nginxAs = (isTuned: boolean): Peer => ({
  name: isTuned ? 'nginx-tuned' : 'nginx',
  kind: 'C',
  takes: (scenario) => !isTuned || isLarge(scenario),
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
${scenario.policy === 'least-connections' ? '    least_conn;\n' : ''}${backends.map((backend, index) => `    server ${backend}${isWeighted(scenario) ? ` weight=${weightOf(index)}` : ''};`).join('\n')}
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
${scenario.load === 'messages' ? NGINX_UPGRADE : '      proxy_set_header Connection "";'}
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Via "1.1 nginx";
${isTuned ? `${nginxBuffers(scenario)}\n` : ''}    }
  }
}
`,
  command: ({ directory }, configFile) => ({ command: 'nginx', args: ['-p', directory, '-c', configFile] }),
});

const caddy: Peer = {
  name: 'caddy',
  kind: 'Go',
  takes: () => true,
  version: () => versionBy('caddy', ['version'], /v?(\d\S*)/),
  config: ({ port, backends, scenario }) => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${backends.join(' ')} {
    lb_policy ${caddyPolicy(scenario, backends.length)}
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

function caddyPolicy(scenario: Scenario, count: number): string {
  if (scenario.policy === 'least-connections') return 'least_conn';
  if (!isWeighted(scenario)) return 'round_robin';
  return `weighted_round_robin ${Array.from({ length: count }, (_, index) => weightOf(index)).join(' ')}`;
}

/** A peer from npm, installed by `npm install` in this directory and set up in `proxies/`. */
function nodePeer(name: string, kind: string): Peer {
  return {
    name,
    kind,
    // None has another policy, and an upgrade is not what they are measured for.
    takes: ({ policy, load }) => policy === 'round-robin' && load === 'closed',
    version: () => packageVersion(path.join(import.meta.dirname, 'node_modules', name, 'package.json')),
    config: () => null,
    command: ({ port, backends }) => ({
      command: process.execPath,
      args: [path.join(import.meta.dirname, 'proxies', `${name}.ts`), String(port), ...backends],
      env: { NODE_ENV: 'production' },
    }),
  };
}

export const PEERS: readonly Peer[] = [
  ballast,
  haproxyAs(false),
  nginxAs(false),
  haproxyAs(true),
  nginxAs(true),
  caddy,
  nodePeer('undici', 'Node: node:http with an undici Pool behind it'),
  nodePeer('fast-proxy', 'Node'),
  nodePeer('httpxy', 'Node'),
  nodePeer('http-proxy-3', 'Node'),
];

/** The peers whose better one is the bar, as they come and tuned for large answers. */
export const BAR = ['haproxy', 'nginx'];
export const TUNED_BAR = ['haproxy-tuned', 'nginx-tuned'];

/** Who takes part in a scenario, of those that were asked for. */
export function peersOf(scenario: Scenario, wanted: readonly Peer[]): readonly Peer[] {
  return (
    scenario.variants?.map((variant) => ballastAs(variant, scenario.isPinned)) ??
    wanted.filter((peer) => peer.takes(scenario))
  );
}

/** Of those in a result, who the others are compared with. */
export function barOf(scenario: Scenario): readonly string[] {
  const [first] = scenario.variants ?? [];
  return first === undefined ? BAR : [first.name];
}

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
