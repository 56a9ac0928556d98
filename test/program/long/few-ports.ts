/**
 * A machine with 64 local ports, two backends, and 200 requests at once: what happens to those for
 * which there is no port? They are answered 503 with a code of their own; no backend is blamed, in
 * live traffic or by its checks, and all is well when the ports are free again. Linux only: it
 * runs itself again in a network namespace of its own.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { poolOf, QUICK_HEALTH, runBalancer } from '../../harness/balancer-program.ts';
import { eventually } from '../../harness/eventually.ts';
import { startHttpBackends } from '../../harness/http-backends.ts';
import { connectRaw, type RawClient, requestBytes } from '../../harness/raw-client.ts';
import { report } from './verdict.ts';

const PORTS = 64;
const CLIENTS = 200;
/** Clients share the ports of an address, as the balancer does: they come from several. */
const PER_ADDRESS = 50;
const INSIDE = 'BALLAST_FEW_PORTS';

if (process.env[INSIDE] === undefined) {
  const script = `ip link set lo up && exec "$0" "$1"`;
  const { status, error } = spawnSync('unshare', ['-rn', 'sh', '-c', script, process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}

writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);

await report('few-ports', async (cleanup) => {
  const held: (() => void)[] = [];
  const backends = await startHttpBackends(cleanup, ['a', 'b'], {
    handle(request, response, { name }) {
      if (request.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  const { admin, port } = await runBalancer(cleanup, {
    pools: { web: poolOf(backends, { policy: 'least-connections', health: QUICK_HEALTH }) },
  });
  await admin.until('up', ['a', 'b']);
  const clients: RawClient[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    clients.push(await connectRaw(cleanup, port, { localAddress: `127.0.0.${2 + Math.floor(index / PER_ADDRESS)}` }));
  }
  for (const client of clients) await client.send(requestBytes('GET', '/slow'));
  await eventually('all to be answered or held', () => {
    const answered = clients.filter(({ unread }) => unread !== '').length;
    return answered + held.length === CLIENTS;
  });
  // Long enough for every check to come round more than `fall` times.
  await delay(6_000);
  const during = await admin.pool();
  const refused = clients.filter(({ unread }) => unread !== '');
  const faults: string[] = [];
  for (const client of refused) {
    const { status, body } = await client.response();
    if (status !== 503 || !body.startsWith('PORTS_EXHAUSTED')) faults.push(`${status} ${body}`);
  }
  const served = clients.filter((client) => !refused.includes(client));
  for (const answer of held.splice(0)) answer();
  for (const client of served) {
    const { status } = await client.response();
    if (status !== 200) faults.push(`a request that was held was answered ${status}`);
  }
  for (const client of clients) {
    const { status } = await client.request(requestBytes('GET', '/'));
    if (status !== 200) faults.push(`answered ${status} after it was over`);
  }
  await admin.atRest();

  if (refused.length === 0) faults.push('there were ports enough: nothing was tested');
  for (const { name, state, failures } of during.backends) {
    if (state !== 'up') faults.push(`${name} was ${state}`);
    if (failures !== 0) faults.push(`${name} was blamed for ${failures} failures`);
  }
  const events = await admin.events();
  for (const { kind, subject } of events) if (kind === 'backend-down') faults.push(`${subject} was taken out`);
  const told = events.filter(({ kind }) => kind === 'ports-exhausted').length;
  if (told !== 1) faults.push(`told ${told} times`);
  return [
    {
      figures: `${PORTS} local ports, ${CLIENTS} requests at once: ${served.length} answered, ${refused.length} refused`,
      faults,
    },
  ];
});
