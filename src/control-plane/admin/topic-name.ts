/**
 * Names of topics, as the live channel and `GET /api/v1/history` take them:
 * `totals`, `pool:web`, `backend:web/b1`, `pool:web?limit=20&sort=-rps`. Names of pools and
 * backends are percent-encoded where they hold what separates here. Pure.
 */

export interface TopicName {
  /** What stands before the first colon: `pool`. */
  readonly kind: string;
  /** What stands behind it, as it was written. */
  readonly rest: string;
  /** The same as names, decoded: `['web', 'b1']`. */
  readonly path: readonly string[];
  readonly options: URLSearchParams;
}

/** Longer ones are refused: a topic may name the backends of a chart, and no more. */
export const MAX_TOPIC_LENGTH = 4096;

/** Null where it is none. */
export function parseTopic(text: string): TopicName | null {
  if (text.length > MAX_TOPIC_LENGTH) return null;
  const query = text.indexOf('?');
  const name = query === -1 ? text : text.slice(0, query);
  const colon = name.indexOf(':');
  const kind = colon === -1 ? name : name.slice(0, colon);
  if (!/^[a-z]{1,20}$/.test(kind)) return null;
  const rest = colon === -1 ? '' : name.slice(colon + 1);
  try {
    const path = colon === -1 ? [] : rest.split('/').map(decodeURIComponent);
    return { kind, rest, path, options: new URLSearchParams(query === -1 ? '' : text.slice(query + 1)) };
  } catch {
    return null;
  }
}
