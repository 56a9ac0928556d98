/**
 * What the demo is made of, worked out before anything starts: members, ports and config.
 */
import type { Environment } from '../src/cli/environment.ts';
import { UsageError } from '../src/cli/exit-codes.ts';
import type { WantedAddress } from '../src/cli/taken-ports.ts';
import type { ConfigFlags } from '../src/config/build.ts';

const PROXY_PORT = 8080;
const DASHBOARD_PORT = 8090;
const FIRST_BACKEND_PORT = 8081;
const MAX_PORT = 65_535;

/** A backend of the demo's own. */
export interface Member {
  readonly name: string;
  readonly url: string;
  /** How fast it is, for people. */
  readonly about: string;
  /** The variables that `ballast backend` is started with. */
  readonly env: Readonly<Record<string, string>>;
}

export interface WantedPort extends WantedAddress {
  /** What it is for. */
  readonly purpose: string;
}

const SPEEDS = [
  { name: 'quick', delayMs: 4, jitterMs: 4 },
  { name: 'steady', delayMs: 12, jitterMs: 12 },
  { name: 'slow', delayMs: 40, jitterMs: 40 },
];

/** The demo's own backends: none where the environment names others. Throws `UsageError`. */
export function demoMembers(env: Environment, serverPort: string | undefined): Member[] {
  if (env.backendServers.length > 0) return [];
  const first = serverPort ? Number(/^\d{1,5}$/.test(serverPort) ? serverPort : Number.NaN) : FIRST_BACKEND_PORT;
  if (!(first >= 1 && first + SPEEDS.length - 1 <= MAX_PORT)) {
    throw new UsageError(`SERVER_PORT=${serverPort}: expected the first of ${SPEEDS.length} ports in a row`);
  }
  return SPEEDS.map(({ name, delayMs, jitterMs }, index) => ({
    name,
    url: `http://127.0.0.1:${first + index}`,
    about: `${delayMs} to ${delayMs + jitterMs} ms`,
    env: {
      SERVER_PORT: String(first + index),
      SERVER_NAME: name,
      DELAY_MS: String(delayMs),
      JITTER_MS: String(jitterMs),
    },
  }));
}

/** Every port that the demo will listen on. */
export function wantedPorts(env: Environment, members: readonly Member[]): WantedPort[] {
  const remedyOf = (variable: string): string => `set ${variable} to use another one`;
  return [
    { purpose: 'balancer', host: '::', port: env.proxyPort ?? PROXY_PORT, remedy: remedyOf('PROXY_PORT') },
    {
      purpose: 'dashboard',
      host: '127.0.0.1',
      port: env.dashboardPort ?? DASHBOARD_PORT,
      remedy: remedyOf('DASHBOARD_PORT'),
    },
    ...members.map(({ name, env: { SERVER_PORT } }) => ({
      purpose: `backend ${name}`,
      host: '::',
      port: Number(SERVER_PORT),
      remedy: `set SERVER_PORT to the first of ${members.length} free ones in a row, or BACKEND_SERVERS to use backends of yours`,
    })),
  ];
}

/** A sentence for each port that is wanted twice. */
export function sharedPorts(ports: readonly WantedPort[]): string[] {
  return ports.flatMap((one, index) => {
    const other = one.port === 0 ? undefined : ports.slice(0, index).find(({ port }) => port === one.port);
    return other === undefined
      ? []
      : [`port ${one.port} is wanted by ${other.purpose} and by ${one.purpose}; ${other.remedy}`];
  });
}

/** The demo's balancer, as a command line would say it. Runtime changes stay in memory: each demo begins afresh. */
export function demoFlags(env: Environment, members: readonly Member[]): ConfigFlags {
  return {
    listen: `:${env.proxyPort ?? PROXY_PORT}`,
    adminAddress: `127.0.0.1:${env.dashboardPort ?? DASHBOARD_PORT}`,
    ...(env.adminToken === null ? {} : { adminToken: env.adminToken }),
    shutdownTimeout: '5s',
    ...(members.length === 0
      ? { to: env.backendServers }
      : {
          to: members.map(({ name, url }) => ({ name, url })),
          // Quicker than the defaults, so that what a visitor does to a backend shows at once.
          health: { path: '/healthz', interval: '5s', fastInterval: '1s', timeout: '1s' },
        }),
  };
}
