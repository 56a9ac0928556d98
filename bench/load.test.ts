import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseWrk } from './load.ts';

const REPORT = `Running 3s test @ http://127.0.0.1:8080/64b
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.60ms    1.50ms  31.75ms   92.50%
    Req/Sec    25.50k     1.50k   28.00k    75.00%
  Latency Distribution
     50%  850.50us
     75%    2.80ms
     90%    3.60ms
     99%    1.25s 
  76543 requests in 3.05s, 17.50MB read
Requests/sec:  25096.07
Transfer/sec:      5.74MB
`;

describe('parseWrk', () => {
  it('reads requests, time and latencies in microseconds', () => {
    assert.deepEqual(parseWrk(REPORT), {
      requests: 76_543,
      errors: 0,
      seconds: 3.05,
      p50Micros: 850.5,
      p99Micros: 1_250_000,
    });
  });

  it('counts every kind of error, and bad statuses not as requests', () => {
    const errors = '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 543\n';
    const { requests, errors: count } = parseWrk(REPORT.replace('Requests/sec', `${errors}Requests/sec`));
    assert.equal(requests, 76_000);
    assert.equal(count, 4321 + 543);
  });

  it('throws where wrk reports something else', () => {
    assert.throws(() => parseWrk('unable to connect to 127.0.0.1:8080'), /no requests/);
    assert.throws(() => parseWrk(REPORT.replace('850.50us', '850.50')), /duration/);
  });
});
