/**
 * What the settings of one pool mean to each other. Called by `cross-checks.ts` for each pool.
 *
 * Works on the plain values of the file, whatever else is wrong with them, so that an error in one
 * setting never hides one in another: what does not read is passed over, since the schema has
 * said so already.
 */
import { policyNamed } from '../balancing/policies.ts';
import { backendNameOf, readBackendUrl } from './backend-urls.ts';
import { formatDuration, readDuration } from './durations.ts';
import { HealthSchema, PoolSchema } from './pool-schema.ts';
import { type Problem, problem } from './problems.ts';
import { entriesOf, isMap, type RawMap } from './raw-values.ts';
import { defaultAt } from './schema-walk.ts';
import { readBackendName, readInteger } from './texts.ts';

type Path = readonly PropertyKey[];

/** Problems within one pool. */
export function poolProblems(pool: unknown, path: Path): Problem[] {
  if (!isMap(pool)) return [];
  return [
    ...backendProblems(pool, path),
    ...weightProblems(pool, path),
    ...healthProblems(pool['health'], [...path, 'health']),
  ];
}

function backendProblems(pool: Readonly<Record<string, unknown>>, path: Path): Problem[] {
  const list = pool['backends'];
  if (list === undefined || list === null || (Array.isArray(list) && list.length === 0)) {
    const place = list === undefined || list === null ? path : [...path, 'backends'];
    return [problem('pool-empty', place, 'the pool has no backends and answers 503 until one is added')];
  }
  const problems: Problem[] = [];
  const urls = new Map<string, number>();
  const names = new Map<string, number>();
  for (const [index, backend] of readBackends(list)) {
    const place = [...path, 'backends', index];
    const twin = urls.get(backend.url);
    const namesake = names.get(backend.name);
    if (twin !== undefined) {
      const urlPlace = isMap(entriesOf(list)[index]?.[1]) ? [...place, 'url'] : place;
      const text = `${backend.url} is already entry ${twin + 1} of this pool`;
      problems.push(problem('backend-duplicate', urlPlace, text, 'use `weight` to give one backend more requests'));
    } else if (namesake !== undefined) {
      const text = `the name ${JSON.stringify(backend.name)} is already that of entry ${namesake + 1}`;
      problems.push(problem('backend-name-duplicate', [...place, 'name'], text));
    }
    if (twin === undefined) urls.set(backend.url, index);
    if (namesake === undefined) names.set(backend.name, index);
  }
  return problems;
}

function weightProblems(pool: Readonly<Record<string, unknown>>, path: Path): Problem[] {
  const name = pool['policy'] ?? defaultAt(PoolSchema, ['policy']);
  const policy = typeof name === 'string' ? policyNamed(name) : null;
  if (policy === null || policy.usesWeights) return [];
  return [...readBackends(pool['backends'])]
    .filter(([, backend]) => backend.weight !== 1)
    .map(([index]) =>
      problem(
        'weight-ignored',
        [...path, 'backends', index, 'weight'],
        `the policy ${policy.name} gives every backend the same share, whatever its weight`,
        policyNamed(`weighted-${policy.name}`) === null ? null : `use \`policy: weighted-${policy.name}\``,
      ),
    );
}

function healthProblems(health: unknown, path: Path): Problem[] {
  if (!isMap(health)) return [];
  const problems: Problem[] = [];
  // Only what is written can be wrong: the defaults follow a shorter interval by themselves.
  const interval = readDuration(health['interval'] ?? defaultAt(HealthSchema, ['interval']));
  const timeout = readDuration(health['timeout'] ?? null);
  const fastInterval = readDuration(health['fastInterval'] ?? null);
  if (!interval.isRead) return [];
  const shown = formatDuration(interval.value);
  if (timeout.isRead && timeout.value > interval.value) {
    const text = `a check may take ${formatDuration(timeout.value)} and the next one is due after ${shown}`;
    problems.push(problem('health-timeout-too-long', [...path, 'timeout'], text, `write ${shown} or less`));
  }
  if (fastInterval.isRead && fastInterval.value > interval.value) {
    const text = `the fast interval ${formatDuration(fastInterval.value)} is longer than the normal one, ${shown}`;
    problems.push(problem('health-fast-interval-too-long', [...path, 'fastInterval'], text, `write ${shown} or less`));
  }
  return problems;
}

interface RawBackend {
  readonly name: string;
  readonly url: string;
  readonly weight: number;
}

/** The backends whose URL reads, whatever else is wrong with them. */
function* readBackends(list: unknown): Iterable<[number, RawBackend]> {
  for (const [index, entry] of entriesOf(list)) {
    const map: RawMap = isMap(entry) ? entry : { url: entry };
    const target = readBackendUrl(map['url']);
    if (!target.isRead) continue;
    const { url, host, port } = target.value;
    const name = readBackendName(map['name'] ?? backendNameOf(host, port));
    const weight = readInteger(map['weight'] ?? defaultAt(PoolSchema, ['backends', 0, 'weight']));
    yield [index, { url, name: name.isRead ? name.value : url, weight: weight.isRead ? weight.value : 1 }];
  }
}
