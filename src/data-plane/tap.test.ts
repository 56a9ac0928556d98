import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { HeadReader } from '../http1/head-reader.ts';
import { HEAD, PARSE } from '../http1/parse-head.ts';
import { failureOf } from '../protocol/failures.ts';
import type { FromWorker, TapReport, WorkerTap } from '../protocol/worker.ts';
import { Tap, TokenBucket } from './tap.ts';
import { TrustedNetworks } from './trusted-networks.ts';

const LIMITS = { headBytes: 65_536, fields: 200, targetBytes: 16_384 };

function make(t: TestContext) {
  const clock = { nowMs: 1_000, now: () => clock.nowMs, wallMs: () => 1_700_000_000_000 + clock.nowMs };
  const reports: TapReport[] = [];
  const report = (message: FromWorker): void => {
    if (message.type === 'tapped') reports.push(message);
  };
  const tap = new Tap({ clock, report });
  t.after(() => tap.stop());
  return {
    clock,
    tap,
    /** Lets a request begin, last and end. */
    pass: (head: string, status = 200, durationMs = 1, trust: readonly string[] = []) => {
      const story = tap.begin(readerOf(head), '127.0.0.1', new TrustedNetworks(trust));
      story.ended(status, null, durationMs, 0, 0);
      tap.ended(story);
    },
    /** What has been told since the last time. */
    told: () => {
      tap.flush();
      return reports.splice(0);
    },
  };
}

function readerOf(head: string): HeadReader {
  const reader = new HeadReader(HEAD.REQUEST, LIMITS, Buffer.alloc(0));
  const bytes = Buffer.from(head, 'latin1');
  assert.notEqual(reader.read(bytes, 0, bytes.length), PARSE.INCOMPLETE);
  return reader;
}

const get = (target: string, ...lines: string[]): string =>
  `GET ${target} HTTP/1.1\r\n${['Host: example.com', ...lines].join('\r\n')}\r\n\r\n`;

const view = (id: number, filter: WorkerTap['filter'] = {}, perSecond = 10): WorkerTap => ({ id, filter, perSecond });

describe('token bucket', () => {
  it('gives one second at once, and then so many a second', () => {
    const bucket = new TokenBucket(10, 0);
    const take = (nowMs: number, tries: number) => Array.from({ length: tries }, () => bucket.take(nowMs));
    assert.equal(take(0, 30).filter(Boolean).length, 10);
    assert.equal(take(99, 5).filter(Boolean).length, 0);
    assert.equal(take(100, 5).filter(Boolean).length, 1);
    assert.equal(take(1_000, 30).filter(Boolean).length, 9);
  });

  it('saves up no more than a second', () => {
    const bucket = new TokenBucket(2, 0);
    const taken = Array.from({ length: 9 }, () => bucket.take(3_600_000)).filter(Boolean);
    assert.equal(taken.length, 2);
  });
});

describe('tap', () => {
  it('tells each view what it lets through, and a request once for all of them', (t) => {
    const { tap, pass, told } = make(t);
    tap.follow([view(1), view(2, { status: '5xx' }), view(3, { q: 'nowhere' })]);
    pass(get('/a'), 200);
    pass(get('/b'), 503);
    const [report, ...more] = told();
    assert.equal(more.length, 0);
    assert.deepEqual(report?.counts, [
      { tap: 1, matched: 2 },
      { tap: 2, matched: 1 },
    ]);
    assert.deepEqual(
      report?.requests.map(({ taps, request }) => [taps, request.target, request.status]),
      [
        [[1], '/a', 200],
        [[1, 2], '/b', 503],
      ],
    );
    assert.deepEqual(told(), [], 'nothing is told twice');
  });

  it('counts all, and shows what the bucket of each view lets through', (t) => {
    const { clock, tap, pass, told } = make(t);
    tap.follow([view(1, {}, 3), view(2, {}, 1)]);
    for (let i = 0; i < 100; i++) pass(get(`/${i}`));
    clock.nowMs += 1_000;
    pass(get('/later'));
    const [report] = told();
    assert.deepEqual(report?.counts, [
      { tap: 1, matched: 101 },
      { tap: 2, matched: 101 },
    ]);
    assert.deepEqual(
      report?.requests.map(({ taps }) => taps),
      [[1, 2], [1], [1], [1, 2]],
    );
  });

  it('goes on with those that stay, and forgets those that go', (t) => {
    const { tap, pass, told } = make(t);
    tap.follow([view(1, {}, 2), view(2)]);
    pass(get('/a'));
    pass(get('/b'));
    told();
    tap.follow([view(1, {}, 2)]);
    pass(get('/c'));
    const [report] = told();
    assert.deepEqual(report?.counts, [{ tap: 1, matched: 1 }]);
    assert.deepEqual(report?.requests, [], 'its bucket is as empty as it was');
  });

  it('shows fields without what may be secret, few and short', (t) => {
    const { tap, pass, told } = make(t);
    tap.follow([view(1)]);
    const many = Array.from({ length: 100 }, (_, i) => `X-${i}: ${'v'.repeat(300)}`);
    pass(get('/?token=hunter2', 'Authorization: Basic hunter2', 'cookie: sid=hunter2', 'Accept:   */*  ', ...many));
    const [report] = told();
    const { fields, target, host } = report?.requests[0]?.request ?? assert.fail('nothing told');
    assert.equal(target, '/?token=•••');
    assert.equal(host, 'example.com');
    assert.deepEqual(fields.slice(0, 4), [
      ['Host', 'example.com'],
      ['Authorization', '•••'],
      ['cookie', '•••'],
      ['Accept', '*/*'],
    ]);
    assert.equal(fields.length, 64);
    assert.equal(fields[4]?.[1], `${'v'.repeat(256)}…`);
    assert.ok(fields.reduce((sum, [, value]) => sum + value.length, 0) < 9_000);
    assert.doesNotMatch(JSON.stringify(report), /hunter2/);
  });

  it('finds no secret by trial', (t) => {
    const { tap, pass, told } = make(t);
    tap.follow([view(1, { q: 'hunter2' })]);
    pass(get('/?token=hunter2'));
    assert.deepEqual(told(), []);
  });

  it('names the client as the access log does', (t) => {
    const { tap, pass, told } = make(t);
    tap.follow([view(1, { client: '203.0.113.7' })]);
    const head = get('/', 'X-Forwarded-For: 198.51.100.1, 203.0.113.7');
    pass(head, 200, 1, ['127.0.0.0/8']);
    pass(head, 200, 1, []);
    const [report] = told();
    assert.deepEqual(
      report?.requests.map(({ request }) => request.client),
      ['203.0.113.7'],
    );
  });

  it('tells of a refused head what was read of it', (t) => {
    const { tap, told } = make(t);
    tap.follow([view(1)]);
    const trust = new TrustedNetworks([]);
    tap.refused(
      readerOf('GET /a HTTP/1.1\r\nAuthorization : hunter2\r\n\r\n'),
      '::1',
      trust,
      failureOf('REQUEST_FIELD_INVALID'),
    );
    tap.refused(readerOf('\x16\x03\x01\x02\x00\x01\r\n'), '::1', trust, failureOf('REQUEST_LINE_INVALID'));
    const [report] = told();
    const seen = report?.requests.map(({ request }) => {
      const { method, target, fields, status, code, route, pool, candidates, attempts } = request;
      return { method, target, fields, status, code, route, pool, candidates, attempts };
    });
    const nothing = { fields: [], status: 400, route: null, pool: null, candidates: [], attempts: [] };
    assert.deepEqual(seen, [
      { ...nothing, method: 'GET', target: '/a', code: 'REQUEST_FIELD_INVALID' },
      { ...nothing, method: '', target: '', code: 'REQUEST_LINE_INVALID' },
    ]);
  });

  it('says nothing once nobody looks, not even of requests that began before', (t) => {
    const { tap, told } = make(t);
    tap.follow([view(1)]);
    const story = tap.begin(readerOf(get('/')), '::1', new TrustedNetworks([]));
    tap.stop();
    story.ended(200, null, 1, 0, 0);
    tap.ended(story);
    assert.deepEqual(told(), []);
  });
});
