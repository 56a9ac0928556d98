import { expect, test } from 'vitest';
import { backendTopic, chartTopic, poolsTopic, poolTopic, poolWithoutRows, subjectOf } from './topics.ts';

test('the name of a topic says what, and which rows of it', () => {
  expect(poolTopic('web')).toBe('pool:web');
  expect(poolTopic('web', { offset: 100, limit: 100, sort: '-rps', filter: ' down b ' })).toBe(
    'pool:web?offset=100&limit=100&sort=-rps&q=down+b',
  );
  expect(poolsTopic({ sort: null, filter: ' ' })).toBe('pools');
  expect(poolWithoutRows('web')).toBe('pool:web?limit=0');
  expect(backendTopic('web', '[::1]:80')).toBe('backend:web/%5B%3A%3A1%5D%3A80');
});

test('a chart names its backends, each so that commas stay apart', () => {
  expect(chartTopic('totals')).toBe('chart:totals');
  const topic = chartTopic(poolTopic('web'), { backends: ['a', 'b (1,2)'], hasBands: true });
  const options = new URLSearchParams(topic.split('?')[1]);
  expect((options.get('backends') ?? '').split(',').map(decodeURIComponent)).toEqual(['a', 'b (1,2)']);
  expect(options.get('bands')).toBe('1');
});

test('windows of one table are about the same thing', () => {
  expect(subjectOf(poolTopic('web', { filter: 'x' }))).toBe(poolTopic('web'));
});
