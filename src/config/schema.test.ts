import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from './load.ts';
import type { Config } from './schema.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `Config` written out by hand: what everything else relies on. */
interface WrittenOut {
  readonly version: 1;
  readonly workers: number;
  readonly listeners: readonly { readonly name: string; readonly address: Address }[];
  readonly pools: readonly {
    readonly name: string;
    readonly policy: string;
    readonly backends: readonly {
      readonly name: string;
      readonly url: string;
      readonly host: string;
      readonly port: number;
      readonly weight: number;
      readonly maxConnections: number;
      readonly isBackup: boolean;
      readonly addresses: 'one' | 'all';
    }[];
    readonly health: {
      readonly path: string;
      readonly intervalMs: number;
      readonly fastIntervalMs: number;
      readonly timeoutMs: number;
      readonly rise: number;
      readonly fall: number;
      readonly statuses: readonly (readonly [number, number])[];
      readonly host: string | null;
    } | null;
    readonly retry: {
      readonly attempts: number;
      readonly bodyBytes: number;
      readonly timeoutMs: number;
      readonly attemptTimeoutMs: number;
      readonly statuses: readonly (readonly [number, number])[];
      readonly budgetPercent: number;
      readonly budgetPerSecond: number;
    };
    readonly timeouts: {
      readonly connectMs: number;
      readonly responseHeadMs: number;
      readonly bodyIdleMs: number;
      readonly tunnelIdleMs: number;
    };
    readonly idleConnections: { readonly max: number; readonly timeoutMs: number };
    readonly queue: { readonly size: number; readonly timeoutMs: number };
    readonly outlier: {
      readonly gatewayErrors: number;
      readonly timeMs: number;
      readonly maxTimeMs: number;
      readonly maxSharePercent: number;
    };
    readonly panicPercent: number;
    readonly slowStartMs: number;
    readonly drainTimeoutMs: number;
  }[];
  readonly routes: readonly { readonly host: string | null; readonly path: string | null; readonly pool: string }[];
  readonly admin: {
    readonly address: Address;
    readonly token: string | null;
    readonly hosts: readonly string[];
  } | null;
  readonly stateFile: string | null;
  readonly workerHeapBytes: number;
  readonly shutdownTimeoutMs: number;
  readonly via: string;
  readonly client: {
    readonly requestHeadTimeoutMs: number;
    readonly bodyIdleTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    readonly writeIdleTimeoutMs: number;
    readonly bodyBytesPerSecond: number;
  };
  readonly limits: {
    readonly headBytes: number;
    readonly fields: number;
    readonly targetBytes: number;
    readonly bodyBytes: number;
    readonly pipelineBytes: number;
    readonly chunkExtensionBytes: number;
    readonly trailerBytes: number;
    readonly connections: number;
    readonly connectionsPerClient: number;
  };
  readonly forwarded: { readonly trust: readonly string[] };
  readonly dns: {
    readonly servers: readonly string[];
    readonly timeoutMs: number;
    readonly maxTtlMs: number;
    readonly family: 'any' | 'ipv4' | 'ipv6';
  };
  readonly ui: {
    readonly environment: string | null;
    readonly color: 'grey' | 'blue' | 'green' | 'yellow' | 'orange' | 'red' | 'purple';
  };
  readonly accessLog: { readonly path: string; readonly format: 'json' | 'combined' } | null;
  readonly failureField: string | null;
}

// The type check fails where the derived type and the one above part ways, in either direction.
const asWrittenOut = (config: Config): WrittenOut => config;
const asDerived = (config: WrittenOut): Config => config;

test('a config with nothing but backends has every default', () => {
  const text = 'version: 1\nlisteners: { web: { address: ":80" } }\npools: { web: { backends: ["http://a"] } }\n';
  const result = loadConfigText(text, 'web.yaml', {}, 3);
  assert.ok(result.ok);
  const expected: WrittenOut = {
    version: 1,
    workers: 3,
    listeners: [{ name: 'web', address: { host: '::', port: 80 } }],
    pools: [
      {
        name: 'web',
        policy: 'round-robin',
        backends: [
          {
            name: 'a:80',
            url: 'http://a:80',
            host: 'a',
            port: 80,
            weight: 1,
            maxConnections: 0,
            isBackup: false,
            addresses: 'one',
          },
        ],
        health: null,
        retry: {
          attempts: 3,
          bodyBytes: 65_536,
          timeoutMs: 60_000,
          attemptTimeoutMs: 0,
          statuses: [],
          budgetPercent: 20,
          budgetPerSecond: 10,
        },
        timeouts: { connectMs: 2_000, responseHeadMs: 30_000, bodyIdleMs: 30_000, tunnelIdleMs: 3_600_000 },
        idleConnections: { max: 256, timeoutMs: 4_000 },
        queue: { size: 1_000, timeoutMs: 5_000 },
        outlier: { gatewayErrors: 5, timeMs: 30_000, maxTimeMs: 300_000, maxSharePercent: 50 },
        panicPercent: 0,
        slowStartMs: 0,
        drainTimeoutMs: 600_000,
      },
    ],
    routes: [{ host: null, path: null, pool: 'web' }],
    admin: null,
    stateFile: '.web.yaml.state.json',
    workerHeapBytes: 1024 ** 3,
    shutdownTimeoutMs: 30_000,
    via: 'ballast',
    client: {
      requestHeadTimeoutMs: 10_000,
      bodyIdleTimeoutMs: 30_000,
      keepAliveTimeoutMs: 60_000,
      writeIdleTimeoutMs: 30_000,
      bodyBytesPerSecond: 500,
    },
    limits: {
      headBytes: 32_768,
      fields: 200,
      targetBytes: 16_384,
      bodyBytes: 0,
      pipelineBytes: 65_536,
      chunkExtensionBytes: 16_384,
      trailerBytes: 16_384,
      connections: 20_000,
      connectionsPerClient: 0,
    },
    forwarded: { trust: [] },
    dns: { servers: [], timeoutMs: 5_000, maxTtlMs: 60_000, family: 'any' },
    ui: { environment: null, color: 'grey' },
    accessLog: null,
    failureField: null,
  };
  assert.deepEqual(asWrittenOut(result.config), asDerived(expected));
});
