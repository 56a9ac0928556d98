/** `tap?…`: single requests as they end, for those who look (`protocol/tap.ts`). */
import type { Topic } from '../../../protocol/live.ts';
import type { TapFields, TapFilter, TappedRequest } from '../../../protocol/tap.ts';
import type { TopicName } from '../topic-name.ts';
import type { TopicSource } from './source.ts';

const MAX_WORD = 256;

export function tapTopic(source: TopicSource, name: TopicName): Topic<TapFields, TappedRequest> {
  return source.taps.read(filterOf(name.options));
}

/** Begins to show requests; answers how to end it. */
export function openTap(source: TopicSource, name: TopicName): () => void {
  return source.taps.open(filterOf(name.options));
}

/** What makes no sense is as if it were not there, as everywhere in topics. */
export function filterOf(options: URLSearchParams): TapFilter {
  const text = (key: string): string | undefined => {
    const value = options.get(key)?.trim().slice(0, MAX_WORD) ?? '';
    return value === '' ? undefined : value;
  };
  const matching = (key: string, pattern: RegExp): string | undefined => {
    const value = text(key);
    return value !== undefined && pattern.test(value) ? value : undefined;
  };
  const route = matching('route', /^[1-9]\d{0,5}$/);
  const minMs = matching('minMs', /^\d{1,9}(?:\.\d{1,3})?$/);
  const parts = {
    pool: text('pool'),
    backend: text('backend'),
    status: matching('status', /^(?:[1-5]xx|[1-5]\d\d|failed)$/),
    route: route === undefined ? undefined : Number(route),
    minMs: minMs === undefined || Number(minMs) === 0 ? undefined : Number(minMs),
    client: text('client')?.toLowerCase(),
    q: text('q'),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
