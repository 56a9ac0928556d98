import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { FAILURES } from '../protocol/failures.ts';
import { REASONS } from './answer.ts';

test('every status that a failure can have comes with the phrase that belongs to it', () => {
  const statuses = FAILURES.map(({ status }) => status).filter((status) => status !== 0);
  for (const status of statuses) assert.equal(REASONS[status], STATUS_CODES[status], `${status}`);
});
