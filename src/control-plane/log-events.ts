/**
 * Writes every event of the journal to the application log, as one structured line.
 */
import type { Logger } from 'pino';
import type { EventLevel } from '../protocol/dashboard.ts';
import type { Journal } from './journal.ts';

const LOG_LEVEL = { info: 'info', good: 'info', warning: 'warn', bad: 'error' } as const satisfies Record<
  EventLevel,
  string
>;

export function logEvents(journal: Journal, log: Logger): void {
  journal.onEvent(({ level, kind, subject, text, origin }) => {
    const message = subject === '' ? text : `${subject}: ${text}`;
    log[LOG_LEVEL[level]]({ kind, subject, origin }, message);
  });
}
