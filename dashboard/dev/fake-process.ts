/** The process of the fake balancer: figures of its main thread that move, and facts that do not. */
import type { ProcessStatus } from '../../src/protocol/process.ts';

export function fakeProcess(startedAtMs: number, second: number): ProcessStatus {
  return {
    pid: 4711,
    node: 'edge-1',
    version: '0.1.0',
    build: { node: '26.10.0', v8: '14.2.231.17-node.20', platform: 'linux x64' },
    startedAtMs,
    cores: 2,
    configFile: { path: '/etc/ballast/ballast.yaml', isWatched: true },
    stateFile: { path: '/var/lib/ballast/state.json', problem: null },
    memory: { residentBytes: 212_000_000, limitBytes: 8 * 2 ** 30, sharedBytes: 9_400_000 },
    descriptors: { open: 1_874, limit: 65_536, connectionsPerWorker: 14_200, adminConnections: 1_024 },
    shortages: [],
    handover: 'none',
    tookOverFrom: null,
    dnsServers: ['10.0.0.53', '10.0.1.53'],
    controlPlane: {
      cpuShare: 0.03 + 0.01 * Math.sin(second / 5),
      loopBusy: 0.04,
      loopDelayMs: 2.1,
      loopDelayP99Ms: 1.2,
      heapBytes: 31_000_000,
      heapLimitBytes: 2 * 2 ** 30,
      gcShare: 0.001,
    },
  };
}
