import { expect, test } from 'vitest';
import { promQl } from './prom-ql.ts';

test('of all pools, of one, and of one backend, each by its own counters', () => {
  expect(promQl.requests({})).toBe('sum(rate(ballast_requests_total[1m]))');
  expect(promQl.requests({ pool: 'web' })).toBe('sum(rate(ballast_requests_total{pool="web"}[1m]))');
  expect(promQl.requests({ pool: 'web', backend: 'b1' })).toBe(
    'sum(rate(ballast_backend_requests_total{pool="web",backend="b1"}[1m]))',
  );
});

test('a name is one string to Prometheus, whatever is in it', () => {
  expect(promQl.errors({ pool: 'a"}b\\c' })).toBe('sum(rate(ballast_errors_total{pool="a\\"}b\\\\c"}[1m]))');
});

test('the lines of one chart are one expression, told apart by a label', () => {
  expect(promQl.errorsAndRetries({ pool: 'web' })).toBe(
    'label_replace(sum(rate(ballast_errors_total{pool="web"}[1m])),"line","errors","","")' +
      ' or label_replace(sum(rate(ballast_retries_total{pool="web"}[1m])),"line","retries","","")',
  );
  expect(promQl.latency({}).match(/histogram_quantile\(0\.\d+/g)).toEqual([
    'histogram_quantile(0.5',
    'histogram_quantile(0.95',
    'histogram_quantile(0.99',
  ]);
});
