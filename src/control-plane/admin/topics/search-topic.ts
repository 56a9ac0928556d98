/**
 * `search?q=…`: pools and backends by words that all occur, the best match first. It is what the
 * page's palette asks while somebody types: of 1,000 backends it is sent the few that it shows.
 */
import type { SearchFields, SearchRow, Topic } from '../../../protocol/live.ts';
import { countStates, rollUpPool } from '../../roster/roll-up.ts';
import type { TopicName } from '../topic-name.ts';
import { STATE_WORDS } from './pool-topics.ts';
import type { BackendSource, PoolSource, TopicSource } from './source.ts';
import { wordsOf } from './window.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 50;

interface Found {
  readonly pool: PoolSource;
  /** Null for the pool itself. */
  readonly backend: BackendSource | null;
  /** How far from the query; 0 is nearest. */
  readonly distance: number;
}

export function searchTopic(source: TopicSource, { options }: TopicName): Topic<SearchFields, SearchRow> {
  const words = wordsOf(options.get('q') ?? '');
  const found: Found[] = [];
  for (const pool of source.pools) {
    const { name, policy } = pool;
    add(found, words, pool, null, name, `pool ${policy} ${rollUpPool(countStates(pool.backends)).words}`);
    for (const backend of pool.backends) {
      const { url, state, reason } = backend;
      add(found, words, pool, backend, `${name}/${backend.name}`, `backend ${url} ${STATE_WORDS[state]} ${reason}`);
    }
  }
  // Equals stay as they come: a pool, then its backends, as in the config.
  found.sort((a, b) => a.distance - b.distance);
  const asked = Number(options.get('limit') ?? DEFAULT_LIMIT);
  const limit = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, MAX_LIMIT) : DEFAULT_LIMIT;
  return { fields: { matchingCount: found.length }, rows: found.slice(0, limit).map(rowOf) };
}

function add(
  found: Found[],
  words: readonly string[],
  pool: PoolSource,
  backend: BackendSource | null,
  label: string,
  more: string,
): void {
  let distance = 0;
  const name = label.toLowerCase();
  const rest = more.toLowerCase();
  for (const word of words) {
    const own = distanceOf(word, name, rest);
    if (own === null) return;
    distance += own;
  }
  found.push({ pool, backend, distance });
}

/** Of a word from a thing: its name, the beginning of its name, of a part, the middle, elsewhere; null, not at all. */
function distanceOf(word: string, name: string, rest: string): number | null {
  const own = name.slice(name.indexOf('/') + 1);
  if (own === word || name === word) return 0;
  if (own.startsWith(word) || name.startsWith(word)) return 1;
  let nearest: number | null = null;
  for (let place = name.indexOf(word); place !== -1; place = name.indexOf(word, place + 1)) {
    if (!/[a-z0-9]/.test(name[place - 1] ?? '')) return 2;
    nearest = 3;
  }
  return nearest ?? (rest.includes(word) ? 4 : null);
}

function rowOf({ pool, backend, distance }: Found): SearchRow {
  if (backend === null) {
    const { severity, words } = rollUpPool(countStates(pool.backends));
    return { name: encodeURIComponent(pool.name), pool: pool.name, backend: null, state: severity, words, distance };
  }
  const { name, state, reason, url } = backend;
  return {
    name: `${encodeURIComponent(pool.name)}/${encodeURIComponent(name)}`,
    pool: pool.name,
    backend: name,
    state,
    words: state === 'up' || reason === '' ? url : reason,
    distance,
  };
}
