/**
 * What resolv.conf(5) says of search domains, and which names a short one may stand for. Pure.
 *
 * c-ares, which asks for us, takes every name as it is. But in Docker `web` is a name, and in
 * Kubernetes `web` and `web.default` are short for `web.default.svc.cluster.local`: there, names
 * of up to four dots are tried below each search domain first (`ndots:5`).
 */

export interface ResolvConf {
  readonly search: readonly string[];
  /** A name with fewer dots is tried below the search domains before it is tried as it is. */
  readonly ndots: number;
}

const DEFAULT_NDOTS = 1;
/** What glibc cuts it to. */
const MAX_NDOTS = 15;
const MAX_NAME_LENGTH = 253;

/** Reads the text of the file. `hostName` is that of this machine: without a search list, its domain is one. */
export function parseResolvConf(text: string, hostName: string): ResolvConf {
  const dot = hostName.indexOf('.');
  let search = dot < 0 ? [] : [hostName.slice(dot + 1)];
  let ndots = DEFAULT_NDOTS;
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line.split(/\s+/);
    // Of `search` and `domain`, the last one counts.
    if (keyword === 'search') search = words.filter(Boolean);
    else if (keyword === 'domain') search = words.filter(Boolean).slice(0, 1);
    else if (keyword === 'options') {
      for (const word of words) {
        const count = /^ndots:(\d{1,3})$/.exec(word)?.[1];
        if (count !== undefined) ndots = Math.min(Number(count), MAX_NDOTS);
      }
    }
  }
  const domains = search.map((domain) => domain.toLowerCase().replace(/\.$/, '')).filter(Boolean);
  return { search: [...new Set(domains)], ndots };
}

/** The full names that `name` may stand for, to be asked for one after the other. One that ends in a dot is full. */
export function fullNamesOf(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const below = search.map((domain) => `${name}.${domain}`).filter(({ length }) => length <= MAX_NAME_LENGTH);
  return name.split('.').length - 1 >= ndots ? [name, ...below] : [...below, name];
}
