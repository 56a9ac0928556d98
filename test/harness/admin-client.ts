/** The admin API of a running balancer, as a script would use it. */
import type { BackendStatus, PoolStatus, Status } from '../../src/protocol/admin-api.ts';
import type { LiveEvent } from '../../src/protocol/dashboard.ts';
import { type AdminAnswer, type Ask, askAdmin } from './admin-side.ts';
import { eventually } from './eventually.ts';

export class AdminClient {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** The answer, whatever its status. */
  ask(path: string, ask?: Ask): Promise<AdminAnswer> {
    return askAdmin(this.port, path, ask);
  }

  /** The answer's JSON; rejects with the problem unless the status is below 300. */
  async json<T>(path: string, ask: Ask = {}): Promise<T> {
    const { status, text } = await this.ask(path, ask);
    if (status >= 300) throw new Error(`${ask.method ?? 'GET'} ${path} was answered ${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  status(): Promise<Status> {
    return this.json('/api/v1/status');
  }

  async pool(name = 'web'): Promise<PoolStatus> {
    const { pools } = await this.status();
    const pool = pools.find((candidate) => candidate.name === name);
    if (pool === undefined) throw new Error(`the status has no pool ${name}`);
    return pool;
  }

  async backend(name: string, pool = 'web'): Promise<BackendStatus> {
    const backend = (await this.pool(pool)).backends.find((candidate) => candidate.name === name);
    if (backend === undefined) throw new Error(`the status has no backend ${pool}/${name}`);
    return backend;
  }

  /** `PATCH` of the pool. */
  setPolicy(policy: string, pool = 'web'): Promise<PoolStatus> {
    return this.json(`/api/v1/pools/${pool}`, { method: 'PATCH', body: { policy } });
  }

  /** `PATCH` of a backend: weight, mode or both. */
  patchBackend(
    name: string,
    body: { readonly weight?: number; readonly mode?: string },
    pool = 'web',
  ): Promise<BackendStatus> {
    return this.json(`/api/v1/pools/${pool}/backends/${name}`, { method: 'PATCH', body });
  }

  addBackend(body: { readonly url: string; readonly name?: string; readonly weight?: number }): Promise<BackendStatus> {
    return this.json('/api/v1/pools/web/backends', { method: 'POST', body });
  }

  removeBackend(name: string): Promise<BackendStatus> {
    return this.json(`/api/v1/pools/web/backends/${name}`, { method: 'DELETE' });
  }

  /** Oldest first. */
  async events(): Promise<LiveEvent[]> {
    const { events } = await this.json<{ events: LiveEvent[] }>('/api/v1/events?limit=500');
    return events;
  }

  /** The events of one kind about one subject, oldest first. */
  async eventsOf(kind: string, subject = ''): Promise<LiveEvent[]> {
    return (await this.events()).filter((event) => event.kind === kind && event.subject === subject);
  }

  /** One sample of `/metrics`, by its whole name with labels; undefined where there is none. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { status, text } = await this.ask('/metrics');
    if (status !== 200) throw new Error(`/metrics was answered ${status}: ${text}`);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }

  /** Waits until every named backend is in the state. */
  async until(state: BackendStatus['state'], names: readonly string[], limitMs = 30_000): Promise<void> {
    let last: readonly BackendStatus[] = [];
    await eventually(
      () => `${names.join(', ')} to be ${state}; ${last.map((b) => `${b.name}: ${b.state} (${b.reason})`).join(', ')}`,
      async () => {
        last = (await this.status()).pools.flatMap(({ backends }) => backends);
        return names.every((name) => last.some((backend) => backend.name === name && backend.state === state));
      },
      limitMs,
    );
  }

  /** Waits until nothing is in flight on any side. */
  async atRest(): Promise<void> {
    let last: Status | null = null;
    await eventually(
      () => `nothing to be in flight: ${JSON.stringify(last)}`,
      async () => {
        last = await this.status();
        return (
          last.workers.every(({ exchanges }) => exchanges === 0) &&
          last.pools.every(({ backends }) => backends.every(({ inFlight }) => inFlight === 0))
        );
      },
    );
  }
}
