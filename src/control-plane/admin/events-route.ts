/**
 * `GET /api/v1/events`: the journal in pages, as JSON, or as NDJSON for those who keep it.
 *
 * Added by `server.ts`. Pages are by number, which never moves: `before` goes back from an event,
 * `after` goes on from one, and a reader that asks with the last number it has misses nothing as
 * long as it comes back before the journal has let go of the next one.
 */
import { type EventQuery, JOURNAL_CAPACITY, type Journal } from '../journal.ts';
import { optional, queryProblem, readList, readWhole } from './query.ts';
import { type AdminApp, type AdminContext, addPath } from './routes.ts';

const DEFAULT_EVENTS = 200;
const NDJSON = 'application/x-ndjson';
const LEVELS: readonly string[] = ['info', 'good', 'warning', 'bad'];

export function addEventsRoute(app: AdminApp, journal: Journal): void {
  addPath(app, '/api/v1/events', {
    GET: (c) => {
      const isNdjson = (c.req.header('accept') ?? '').includes(NDJSON);
      // Who takes the lines away wants them all.
      const page = journal.find(queryOf(c, isNdjson ? JOURNAL_CAPACITY : DEFAULT_EVENTS));
      if (!isNdjson) return c.json(page);
      const lines = page.events.map((event) => `${JSON.stringify(event)}\n`).join('');
      return c.body(lines, 200, { 'content-type': NDJSON, vary: 'accept' });
    },
  });
}

function queryOf(context: AdminContext, defaultLimit: number): EventQuery {
  const { req } = context;
  const levels = readList(req.queries('level'));
  const unknown = levels?.find((level) => !LEVELS.includes(level));
  if (unknown !== undefined) throw queryProblem(`level is one of ${LEVELS.join(', ')}`);
  return {
    ...optional('after', readWhole(req.query('after'), 'after')),
    ...optional('before', readWhole(req.query('before'), 'before')),
    ...optional('sinceMs', readWhole(req.query('since'), 'since')),
    ...optional('untilMs', readWhole(req.query('until'), 'until')),
    ...optional('kinds', readList(req.queries('kind'))),
    ...optional('levels', levels),
    ...optional('subjects', req.queries('subject')),
    ...optional('text', req.query('text')),
    limit: readWhole(req.query('limit'), 'limit', JOURNAL_CAPACITY) ?? defaultLimit,
  };
}
