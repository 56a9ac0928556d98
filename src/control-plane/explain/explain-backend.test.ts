import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, makeRoster, type PoolSettings } from '../../../test/harness/make-roster.ts';
import { type BackendFacts, explainBackend } from './explain-backend.ts';
import { explainPool } from './explain-pool.ts';

const PAIR = [at(8081, 'b1'), at(8082, 'b2')];

interface Now extends Partial<Pick<BackendFacts, 'routeCount' | 'poolRps' | 'rps' | 'promisedShare'>> {
  /** In flight on any backend. */
  readonly loads?: Readonly<Record<string, number>>;
}

function make(pool: PoolSettings) {
  const side = makeRoster(configOf({ web: pool }));
  /** What is said of a backend. */
  const said = (name: string, now: Now = {}) => {
    const { loads = {}, routeCount = 1, poolRps = 100, rps = 34, promisedShare = 0.5 } = now;
    const own = side.backend(name);
    const placed = explainPool(side.pool(), poolRps, (each) => ({ inFlight: loads[each.name] ?? 0, serviceMs: 5 }));
    const inFlight = loads[name] ?? 0;
    return explainBackend({
      pool: side.pool(),
      backend: own,
      placed,
      routeCount,
      poolRps,
      rps,
      inFlight,
      promisedShare,
    });
  };
  const fail = (name: string, times = 3): void => {
    for (let time = 0; time < times; time++) side.check(name, false);
  };
  return { ...side, said, fail };
}

describe('why a backend gets what it gets', () => {
  it('tells its share of those that take requests, and what it had', () => {
    const { check, said } = make({ backends: PAIR });
    check('b1', true);
    assert.deepEqual(said('b1'), {
      why: [
        'It is one of 2 backends that take requests; round-robin gives it 50 % of them.',
        'In the last 10 s it had 34 %.',
      ],
      next: [],
    });
    assert.deepEqual(said('b1', { poolRps: 0, rps: 0 }).why[1], 'The pool web has had no requests in the last 10 s.');
  });

  it('tells what its weight does, and where it does nothing', () => {
    const backends = [at(8081, 'b1', { weight: 3 }), at(8082, 'b2')];
    const weighted = make({ policy: 'weighted-round-robin', backends });
    weighted.check('b1', true);
    assert.equal(
      weighted.said('b1').why[0],
      'It is one of 2 backends that take requests; weighted-round-robin gives it 75 % of them, for its weight of 3 out of 4.',
    );
    const plain = make({ backends });
    plain.check('b1', true);
    assert.equal(plain.said('b1').why[2], 'Its weight of 3 has no effect: round-robin ignores weights.');
  });

  it('promises nothing for a policy that follows load', () => {
    const { check, said } = make({ policy: 'least-connections', backends: PAIR });
    check('b1', true);
    assert.match(
      said('b1', { promisedShare: null }).why[0] ?? '',
      /^It is one of 2 backends that take requests, and least-connections follows load: under the present one it would get about [\d.]+ %\.$/,
    );
  });

  it('says that it is alone, that nothing leads to it, that nobody has checked it', () => {
    const { fail, check, said } = make({ backends: PAIR });
    assert.equal(said('b1').why[0], 'Nobody has checked it yet; it is asked until a check says otherwise.');
    check('b1', true);
    fail('b2');
    assert.equal(said('b1').why[0], 'It gets every request of the pool: no other backend can take one.');
    assert.deepEqual(said('b1', { routeCount: 0 }).why, [
      'It is ready, but no route leads to the pool web: nothing can reach it.',
    ]);
  });

  it('counts the checks that would take it out, or bring it back', () => {
    const { check, fail, said } = make({ backends: PAIR });
    check('b1', true);
    fail('b1', 2);
    assert.deepEqual(said('b1').next, ['It is taken out when 3 checks in a row have failed; 2 so far.']);
    fail('b1', 1);
    assert.deepEqual(said('b1'), {
      why: ['It gets no requests: its health checks fail (status 503).'],
      next: ['It comes back when 2 checks in a row have passed; none so far.'],
    });
    check('b1', true);
    assert.deepEqual(said('b1').next, ['It comes back when 2 checks in a row have passed; 1 so far.']);
  });

  it('names live traffic as what has ejected it', () => {
    const { roster, backend, check, said } = make({ backends: PAIR });
    check('b1', true);
    roster.reportFailing(backend('b1').slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    const { why, next } = said('b1');
    assert.match(
      why[0] ?? '',
      /^It gets no requests: it failed in live traffic \(.*ECONNREFUSED.*ejected for 30 s\)\.$/,
    );
    assert.deepEqual(next, ['It comes back when its time is up, or when 2 checks in a row have passed; none so far.']);
  });

  it('names who took it out, and what may still finish', () => {
    const { roster, backend, said } = make({ backends: PAIR, drainTimeout: '30s' });
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.deepEqual(said('b1', { loads: { b1: 1 } }), {
      why: ['It gets no new requests: drain set by admin API; 1 request may still finish.'],
      next: ['It stays so until it is made ready; what it has in flight may finish within 30s.'],
    });
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    assert.deepEqual(said('b1').next, ['It stays so until it is made ready.']);
    assert.deepEqual(said('b1').why, ['It gets no requests: maintenance set by admin API.']);
    roster.removeBackend(backend('b1'), 'admin API');
    assert.deepEqual(said('b1'), {
      why: ['It gets no new requests: removed by admin API; nothing of it is in flight any more.'],
      next: ['It goes when nothing is in flight, after 30s at the latest.'],
    });
  });

  it('tells panic', () => {
    const { fail, said } = make({ backends: PAIR, panic: 60 });
    fail('b1');
    fail('b2');
    assert.equal(
      said('b1').why[0],
      'It is down (status 503) and asked all the same: too few backends of web are available (panic).',
    );
  });

  it('tells a backup what it waits for, and when its turn has come', () => {
    const { check, fail, said } = make({ backends: [...PAIR, at(8083, 'spare', { backup: true })] });
    for (const name of ['b1', 'b2', 'spare']) check(name, true);
    assert.deepEqual(said('spare', { rps: 0 }).why, [
      'It is a backup: it gets requests only when the primaries of web cannot take them, and 2 backends can.',
    ]);
    fail('b1');
    fail('b2');
    assert.equal(said('spare').why[0], 'It is a backup, and asked since too few others are available.');
  });

  it('tells that it is full, and where requests go then', () => {
    const backends = [at(8081, 'b1', { maxConnections: 2 }), at(8082, 'b2', { maxConnections: 9 })];
    const { check, said } = make({ backends, queue: { size: 5 } });
    check('b1', true);
    check('b2', true);
    assert.deepEqual(said('b1', { loads: { b1: 2 } }).why, [
      'It is full: 2 in flight, 2 allowed. Requests go to the others.',
    ]);
    assert.deepEqual(said('b1', { loads: { b1: 2, b2: 9 } }).why, [
      'It is full: 2 in flight, 2 allowed. So are all others: requests wait for a place.',
    ]);
  });

  it('tells of a slow start, and of a name without an address', () => {
    const { roster, backend, check, fail, said } = make({
      slowStart: '60s',
      backends: [...PAIR, { url: 'http://app.test:80', name: 'app' }],
    });
    fail('b1');
    check('b1', true);
    check('b1', true);
    assert.ok(
      said('b1').why.includes('It is in its slow start: 10 % of its share for now.'),
      said('b1').why.join('\n'),
    );
    assert.deepEqual(said('b1').next, ['It has its whole share 1m after its slow start began.']);
    roster.setAddress(backend('app'), null, 'ENOTFOUND app.test');
    assert.deepEqual(said('app'), {
      why: ['It gets no requests: nobody knows its address (ENOTFOUND app.test).'],
      next: ['It is checked and asked as soon as its name resolves.'],
    });
  });
});
