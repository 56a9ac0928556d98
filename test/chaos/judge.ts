/**
 * The judge of a run: joins what clients, balancer and backends have written down, and says what
 * must not be. Pure; the rules are in `request-rules.ts` and `counter-rules.ts`.
 */
import { type Figures, judgeBudget, judgeCounters, judgeRest } from './counter-rules.ts';
import { join, type Row } from './joined.ts';
import type { BackendRecord, ClientRecord, LogLine } from './records.ts';
import { isIdempotent, REQUEST_RULES, type Rule, type Terms } from './request-rules.ts';

export interface Evidence {
  readonly clients: readonly ClientRecord[];
  readonly lines: readonly LogLine[];
  readonly seen: readonly BackendRecord[];
  /** At rest before and after; null where figures are not to be judged. */
  readonly before: Figures | null;
  readonly after: Figures | null;
}

export interface Judgement {
  /** What must not be, each with the name of its rule. None: all is well. */
  readonly faults: readonly string[];
  readonly requests: number;
  /** Requests by how they ended for their clients. */
  readonly ends: Readonly<Record<string, number>>;
  /** Answers by status, and by failure code where Ballast gave them. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests that were tried more than once, and those that a client saw nothing of. */
  readonly retried: number;
  readonly savedByRetry: number;
  /** Requests that may not be repeated and reached a backend more than once. */
  readonly doubled: number;
}

const shownRow = ({ client, lines, seen }: Row): string => {
  const log = lines
    .map(({ status, code, backend, attempts }) => `${status} ${code} ${backend} ${attempts}`)
    .join(' | ');
  const at = seen.map(({ backend, event }) => `${backend}:${event}`).join(' ');
  const kept = client.isReused ? ', kept alive' : '';
  return `${client.id} ${client.method} (${client.behaviour}${kept}, ${client.end} ${client.status} ${client.code}; log ${log || 'none'}; seen ${at || 'nowhere'})`;
};

function countBy(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** Applies every rule to every request, and to the figures. */
export function judge(evidence: Evidence, terms: Terms): Judgement {
  const { clients, lines, seen, before, after } = evidence;
  const { rows, strangers, twice } = join(clients, lines, seen);
  const faults: string[] = [];
  for (const id of twice) faults.push(`setup: ${id} was sent twice by the clients themselves`);
  for (const id of strangers) faults.push(`stranger: ${id} comes up and no client has sent it`);
  const rules: readonly (readonly [string, Rule])[] = Object.entries(REQUEST_RULES);
  for (const row of rows) {
    for (const [name, rule] of rules) {
      const fault = rule(row, terms);
      if (fault !== null) faults.push(`${name}: ${fault} — ${shownRow(row)}`);
    }
  }
  if (before !== null && after !== null && !terms.isMortal) {
    faults.push(...judgeCounters(before, after, lines, terms.isRosterWhole).map((fault) => `counters: ${fault}`));
    // What has left the pool has taken along how many of its connections were stale.
    if (terms.budget != null && terms.isRosterWhole) {
      const denied = judgeBudget(before, after, terms.budget, terms.seconds ?? 0);
      faults.push(...denied.map((fault) => `budget: ${fault}`));
    }
  }
  if (after !== null) faults.push(...judgeRest(after).map((fault) => `rest: ${fault}`));
  const isRetried = ({ lines: [line] }: Row): boolean => (line?.attempts ?? 0) > 1;
  return {
    faults,
    requests: rows.length,
    ends: countBy(clients.map(({ end }) => end ?? 'none')),
    answers: countBy(
      clients.filter(({ status }) => status > 0).map(({ status, code }) => (code === '' ? `${status}` : code)),
    ),
    retried: rows.filter(isRetried).length,
    savedByRetry: rows.filter((row) => isRetried(row) && row.client.end === 'answered' && row.client.code === '')
      .length,
    doubled: rows.filter(
      ({ client, seen: own }) => !isIdempotent(client.method) && own.filter(({ event }) => event === 'head').length > 1,
    ).length,
  };
}
