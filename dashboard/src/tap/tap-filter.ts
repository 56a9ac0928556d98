/**
 * Which requests the tap shows, as it stands in the address: `#/requests?pool=web&status=5xx&minMs=100`.
 * What is there and makes no sense is left out and said. Pure.
 */
import type { TapFilter, TappedRequest } from '../protocol.ts';

/** Fields of the filter that have an input of their own, in its order. */
export const TAP_OPTIONS = ['pool', 'backend', 'route', 'status', 'minMs', 'client'] as const;
export type TapOption = (typeof TAP_OPTIONS)[number];

export const STATUS_CHOICES = ['2xx', '3xx', '4xx', '5xx', 'failed'] as const;

export interface ReadFilter {
  readonly filter: TapFilter;
  /** What is wrong with an option, by its name. */
  readonly problems: Readonly<Partial<Record<TapOption, string>>>;
}

/** Reads the options of the screen. */
export function readFilter(options: Readonly<Record<string, string>>): ReadFilter {
  const filter: { -readonly [Key in keyof TapFilter]: TapFilter[Key] } = {};
  const problems: Partial<Record<TapOption, string>> = {};
  for (const name of ['pool', 'backend', 'client', 'q'] as const) {
    const text = options[name]?.trim() ?? '';
    if (text !== '') filter[name] = text;
  }
  const status = options['status']?.trim().toLowerCase() ?? '';
  if (isStatus(status)) filter.status = status;
  else if (status !== '') problems.status = '2xx to 5xx, a number such as 404, or failed';
  const route = readWhole(options['route']);
  if (route !== null && route >= 1) filter.route = route;
  else if (route !== null) problems.route = 'a number from 1';
  const minMs = readWhole(options['minMs']);
  if (minMs !== null && minMs >= 1) filter.minMs = minMs;
  else if (minMs !== null && minMs !== 0) problems.minMs = 'a whole number of milliseconds';
  return { filter, problems };
}

/** Null where there is nothing, NaN where it is no whole number. */
function readWhole(text = ''): number | null {
  if (text.trim() === '') return null;
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
}

function isStatus(text: string): boolean {
  return /^[1-5]xx$/.test(text) || /^[1-5]\d\d$/.test(text) || text === 'failed';
}

/** Whether a request is one of those that a filter lets through: for those that came under another one. */
export function isShown(request: TappedRequest, filter: TapFilter): boolean {
  const { pool, backend, status, route, minMs = 0, client, q } = filter;
  return (
    (pool === undefined || request.pool === pool) &&
    (backend === undefined || request.attempts.some((attempt) => attempt.backend === backend)) &&
    (status === undefined || hasStatus(request, status)) &&
    (route === undefined || request.route === route) &&
    request.durationMs >= minMs &&
    (client === undefined || request.client === client.toLowerCase()) &&
    (q === undefined || hasText(request, q.toLowerCase()))
  );
}

function hasText({ method, host, target }: TappedRequest, part: string): boolean {
  return [method, host, target].some((text) => text.toLowerCase().includes(part));
}

function hasStatus(request: TappedRequest, status: string): boolean {
  if (status === 'failed') return request.code !== null;
  return status.endsWith('xx')
    ? Math.floor(request.status / 100) === Number(status[0])
    : request.status === Number(status);
}

/** The screen with this filter. */
export function requestsHref(filter: TapFilter): string {
  const options = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]));
  return options.size === 0 ? '#/requests' : `#/requests?${options}`;
}
