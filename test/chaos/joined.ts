/** The three logs of a run, joined by the id of the request: pure. */
import type { BackendRecord, ClientRecord, LogLine } from './records.ts';

export interface Row {
  readonly client: ClientRecord;
  readonly lines: readonly LogLine[];
  /** Everything that any backend noted of it, in the order of each backend. */
  readonly seen: readonly BackendRecord[];
}

export interface Join {
  readonly rows: readonly Row[];
  /** Ids that come up at a backend or in the log, and at no client. */
  readonly strangers: readonly string[];
  readonly twice: readonly string[];
}

export function join(
  clients: readonly ClientRecord[],
  lines: readonly LogLine[],
  seen: readonly BackendRecord[],
): Join {
  const rows = new Map<string, { client: ClientRecord; lines: LogLine[]; seen: BackendRecord[] }>();
  const twice: string[] = [];
  for (const client of clients) {
    if (rows.has(client.id)) twice.push(client.id);
    else rows.set(client.id, { client, lines: [], seen: [] });
  }
  const strangers: string[] = [];
  for (const line of lines) {
    // A head that did not come whole has no id.
    if (line.requestId === '') continue;
    const row = rows.get(line.requestId);
    if (row === undefined) strangers.push(line.requestId);
    else row.lines.push(line);
  }
  for (const record of seen) {
    const row = rows.get(record.id);
    if (row === undefined) strangers.push(record.id);
    else row.seen.push(record);
  }
  return { rows: [...rows.values()], strangers, twice };
}
