import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { LogTail } from './log-tail.ts';

test('the last 200 warnings of the log are remembered, cut where they are long', () => {
  const tail = new LogTail();
  const log = pino({ level: 'info' }, pino.multistream([{ level: 'warn', stream: tail }]));
  log.info('not this one');
  assert.equal(tail.lines.length, 0);
  for (let i = 0; i < 1_000; i++) log.warn(`number ${i}`);
  log.error('x'.repeat(10_000));
  assert.equal(tail.lines.length, 200);
  assert.match(tail.lines[0] ?? '', /number 801"\}$/);
  assert.equal(tail.lines.at(-1)?.length, 4_000);
});
