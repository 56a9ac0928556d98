/**
 * `GET /api/v1/history`: the past of one topic as columns for a chart. Asked when a chart opens or
 * its range changes; the topic `chart:…` of the live channel goes on from there.
 */
import { HISTORY_COLUMNS, HISTORY_RANGES, type HistoryColumn, type HistoryRange } from '../../protocol/history.ts';
import {
  backendAnswer,
  type ChartQuery,
  poolAnswer,
  poolLines,
  type Span,
  totalsAnswer,
  unsampledAnswer,
} from '../history/answers.ts';
import type { History } from '../history/history.ts';
import type { Roster } from '../roster/roster.ts';
import { ProblemError } from './problems.ts';
import { optional, queryProblem, readList, readWhole } from './query.ts';
import { type AdminApp, type AdminContext, addPath } from './routes.ts';
import { parseTopic, type TopicName } from './topic-name.ts';

const BANDS = 'bands';
const DEFAULT_RANGE: HistoryRange = '15m';
/** Steps of the small lines in a table. */
const LINE_STEPS = 60;
const MAX_LINES = 200;

/** What is there, sampled or not. */
type Present = Pick<Roster, 'pool' | 'backend'>;

export function addHistoryRoute(app: AdminApp, history: History, roster: Present): void {
  addPath(app, '/api/v1/history', {
    GET: (c) => {
      const topic = c.req.query('topic') ?? '';
      const name = parseTopic(topic);
      const span = spanOf(c, history.second);
      const answer =
        name === null ? null : (answerOf(c, history, name, span) ?? answerOfNew(c, history, roster, name, span));
      if (answer !== null) return c.json(answer);
      throw new ProblemError(404, 'topic-not-found', `There is no history of ${JSON.stringify(topic)}.`);
    },
  });
}

function answerOf(context: AdminContext, history: History, { kind, path }: TopicName, span: Span): object | null {
  const [pool = '', backend = ''] = path;
  if (kind === 'pools' && path.length === 0) {
    const names = readList(context.req.queries('pools')) ?? [...history.pools.keys()];
    const stepSeconds = Math.max(1, Math.ceil((span.toSeconds - span.fromSeconds + 1) / LINE_STEPS));
    return poolLines(history, names.slice(0, MAX_LINES), span, stepSeconds);
  }
  const query = queryOf(context, span);
  if (kind === 'totals' && path.length === 0) return totalsAnswer(history, query);
  if (kind === 'pool' && path.length === 1) return poolAnswer(history, pool, query);
  return kind === 'backend' && path.length === 2 ? backendAnswer(history, pool, backend, query) : null;
}

/** What has come since the last second is there, without a past. */
function answerOfNew(
  c: AdminContext,
  history: History,
  roster: Present,
  { kind, path }: TopicName,
  span: Span,
): object | null {
  const [pool = '', backend = ''] = path;
  const isThere =
    (kind === 'pool' && path.length === 1 && roster.pool(pool) !== undefined) ||
    (kind === 'backend' && path.length === 2 && roster.backend(pool, backend) !== undefined);
  return isThere ? unsampledAnswer(history, queryOf(c, span)) : null;
}

function queryOf({ req }: AdminContext, span: Span): ChartQuery {
  const columns = readList(req.queries('columns'));
  const unknown = columns?.find((name) => name !== BANDS && !isColumn(name));
  if (unknown !== undefined) throw queryProblem(`columns are ${HISTORY_COLUMNS.join(', ')} and ${BANDS}`);
  return {
    topic: req.query('topic') ?? '',
    span,
    hasBands: columns?.includes(BANDS) ?? false,
    ...optional('columns', columns?.filter(isColumn)),
    ...optional('afterSeconds', readWhole(req.query('after'), 'after')),
    ...optional('backends', readList(req.queries('backends'))?.map(decodeName)),
  };
}

/** `range` is what ended with the last second; `from` and `to` are any time, both included. */
function spanOf({ req }: AdminContext, second: number): Span {
  const now = Number.isFinite(second) ? second : Math.floor(Date.now() / 1000);
  const toSeconds = readWhole(req.query('to'), 'to') ?? now;
  const from = readWhole(req.query('from'), 'from');
  if (from !== undefined) {
    if (from > toSeconds) throw queryProblem('from is not after to');
    return { fromSeconds: from, toSeconds };
  }
  const range = req.query('range') ?? DEFAULT_RANGE;
  if (!isRange(range)) throw queryProblem(`range is one of ${Object.keys(HISTORY_RANGES).join(', ')}`);
  return { fromSeconds: toSeconds - HISTORY_RANGES[range] + 1, toSeconds };
}

const isColumn = (name: string): name is HistoryColumn => (HISTORY_COLUMNS as readonly string[]).includes(name);
const isRange = (name: string): name is HistoryRange => Object.hasOwn(HISTORY_RANGES, name);

/** A name that holds a comma is encoded once more. */
function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw queryProblem('backends are names, percent-encoded');
  }
}
