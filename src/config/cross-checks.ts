/**
 * What the settings of a config mean to each other: routes and pools, addresses, the admin token.
 *
 * Called by `check.ts` after the schema, on the plain values of the file and whatever the schema
 * has found, so that one run reports everything. What does not read is passed over here: the
 * schema has said so already.
 */
import { type Address, formatAddress, readAddress } from './addresses.ts';
import { didYouMean } from './closest.ts';
import { isLoopback, isWildcardAddress } from './hosts.ts';
import { poolProblems } from './pool-checks.ts';
import { type Problem, problem, problemAtKey } from './problems.ts';
import { entriesOf, isMap, pairsOf, type RawMap } from './raw-values.ts';
import { quoted } from './reading.ts';
import { covers, RouteOrder } from './route-cover.ts';
import { AdminSchema, ConfigSchema, RouteSchema } from './schema.ts';
import { defaultAt } from './schema-walk.ts';
import { formatSize, readSize } from './sizes.ts';
import { readName } from './texts.ts';

const ADMIN_ADDRESS = defaultAt(AdminSchema, ['address']);

/** Problems between settings. `root` is the plain value of the whole file. */
export function crossProblems(root: unknown): Problem[] {
  if (!isMap(root)) return [];
  return [
    ...nameProblems(root, 'listeners', 'listener'),
    ...nameProblems(root, 'pools', 'pool'),
    ...pairsOf(root['pools']).flatMap(([name, pool]) => poolProblems(pool, ['pools', name])),
    ...routeProblems(root),
    ...addressProblems(root),
    ...adminProblems(root['admin']),
    ...limitProblems(root['limits']),
  ];
}

function nameProblems(root: RawMap, key: string, what: string): Problem[] {
  const named = root[key];
  if (isMap(named) && Object.keys(named).length === 0) {
    return [problem('too-few', [key], `at least one ${what} is needed`)];
  }
  return pairsOf(named).flatMap(([name]) => {
    const reading = readName(name);
    return reading.isRead ? [] : [problemAtKey(reading.code, [key, name], reading.message, reading.suggestion)];
  });
}

function routeProblems(root: RawMap): Problem[] {
  const pools = pairsOf(root['pools']).map(([name]) => name);
  const routes = root['routes'] ?? null;
  if (routes === null || (Array.isArray(routes) && routes.length === 0)) {
    if (pools.length < 2) return [];
    const text = `${pools.length} pools and no routes: nothing says which requests go where`;
    return [
      problem(
        'routes-missing',
        [routes === null ? 'pools' : 'routes'],
        text,
        `add \`routes: [{ pool: ${pools[0]} }]\``,
      ),
    ];
  }
  if (!Array.isArray(routes)) return [];
  return [...poolReferenceProblems(routes, pools), ...coverProblems(routes)];
}

function poolReferenceProblems(routes: readonly unknown[], pools: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const used = new Set<unknown>();
  let areAllRead = true;
  for (const [index, route] of entriesOf(routes)) {
    const name = isMap(route) ? route['pool'] : undefined;
    used.add(name);
    if (typeof name !== 'string' || !readName(name).isRead) {
      areAllRead = false;
    } else if (!pools.includes(name)) {
      areAllRead = false;
      const known = pools.length === 0 ? null : `the pools are ${pools.join(', ')}`;
      const text = `there is no pool ${quoted(name)}`;
      problems.push(problem('pool-unknown', ['routes', index, 'pool'], text, didYouMean(name, pools) ?? known));
    }
  }
  // A pool that only a misspelt route leads to is not unused.
  const unused = areAllRead ? pools.filter((name) => !used.has(name)) : [];
  return [
    ...problems,
    ...unused.map((name) => problemAtKey('pool-unused', ['pools', name], `no route leads to the pool ${quoted(name)}`)),
  ];
}

function coverProblems(routes: readonly unknown[]): Problem[] {
  const read = entriesOf(routes).flatMap(([index, route]) => {
    // The name of the pool does not matter to what the route matches.
    const parsed = RouteSchema.safeParse(isMap(route) ? { ...route, pool: 'any' } : route);
    return parsed.success ? [{ index, host: parsed.data.host, path: parsed.data.path }] : [];
  });
  const order = new RouteOrder(read);
  return read.flatMap((route) => {
    const cover = read[(order.firstFor(route) ?? 0) - 1];
    if (cover === undefined || cover === route) return [];
    const text = `this route never matches: route ${cover.index + 1} takes all that it would`;
    const suggestion = covers(route, cover) ? 'take one of the two out' : `move it before route ${cover.index + 1}`;
    return [problem('route-unreachable', ['routes', route.index], text, suggestion)];
  });
}

function addressProblems(root: RawMap): Problem[] {
  const problems: Problem[] = [];
  const taken: { address: Address; who: string }[] = [];
  const take = (value: unknown, path: readonly PropertyKey[], who: string, isExclusive: boolean): void => {
    const reading = readAddress(value);
    // Port 0 asks for a free port, which no two of them share.
    if (!reading.isRead || reading.value.port === 0) return;
    const address = reading.value;
    const other = taken.find((each) => collide(each.address, address, isExclusive));
    if (other !== undefined) {
      problems.push(problem('address-duplicate', path, `${formatAddress(address)} is already taken by ${other.who}`));
    }
    taken.push({ address, who });
  };
  for (const [name, listener] of pairsOf(root['listeners'])) {
    if (isMap(listener))
      take(listener['address'], ['listeners', name, 'address'], `the listener ${quoted(name)}`, false);
  }
  const admin = root['admin'];
  if (isMap(admin)) take(admin['address'] ?? ADMIN_ADDRESS, ['admin', 'address'], 'the admin side', true);
  return problems;
}

/**
 * Whether two addresses cannot be listened on side by side. Listeners share ports by
 * `SO_REUSEPORT`, so one on every address and one on a single address get along; the admin side
 * does not share.
 */
function collide(a: Address, b: Address, isExclusive: boolean): boolean {
  if (a.port !== b.port) return false;
  const isEveryA = isWildcardAddress(a.host);
  const isEveryB = isWildcardAddress(b.host);
  return a.host === b.host || (isEveryA && isEveryB) || (isExclusive && (isEveryA || isEveryB));
}

function adminProblems(admin: unknown): Problem[] {
  if (!isMap(admin)) return [];
  const reading = readAddress(admin['address'] ?? ADMIN_ADDRESS);
  const token = admin['token'] ?? '';
  if (!reading.isRead || token !== '' || isLoopback(reading.value.host)) return [];
  const text = `anyone who reaches ${formatAddress(reading.value)} could change everything: it needs a token`;
  const suggestion = 'set `token: "${BALLAST_ADMIN_TOKEN}"`, or listen on 127.0.0.1';
  return [problem('admin-token-missing', ['admin', 'address'], text, suggestion)];
}

function limitProblems(limits: unknown): Problem[] {
  if (!isMap(limits)) return [];
  const head = readSize(limits['head'] ?? defaultAt(ConfigSchema, ['limits', 'head']));
  const target = readSize(limits['target'] ?? defaultAt(ConfigSchema, ['limits', 'target']));
  if (!head.isRead || !target.isRead || target.value < head.value) return [];
  const path = ['limits', limits['target'] === undefined ? 'head' : 'target'];
  const text = `a target of ${formatSize(target.value)} does not fit into a head of ${formatSize(head.value)}`;
  return [problem('limits-inconsistent', path, text, 'make `head` larger or `target` smaller')];
}
