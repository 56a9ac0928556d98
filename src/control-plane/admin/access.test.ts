import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  type AdminAnswer,
  type AdminSide,
  type AdminSideOptions,
  type Ask,
  startAdminSide,
  TOKEN,
} from '../../../test/harness/admin-side.ts';
import { LOGIN_CODE_MS, SESSION_MS } from './auth.ts';
import { FAILURE_PERIOD_MS, MAX_FAILURES } from './failure-limit.ts';
import { hostOf } from './origin.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);
const WITH_TOKEN = { admin: { token: TOKEN } };
const STATUS = '/api/v1/status';
const B1 = '/api/v1/pools/web/backends/b1';
const codeOf = ({ text }: AdminAnswer): string => (JSON.parse(text) as { code: string }).code;
const bearer = (token: string): Ask => ({ headers: { authorization: `Bearer ${token}` } });
const cookieOf = (answer: AdminAnswer): string => answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
const write = (headers: Record<string, string>): Ask => ({ method: 'PATCH', body: { weight: 2 }, headers });

describe('admin access: Host', () => {
  it('answers to its own names on any port, and to no other, on every path', async (t) => {
    const side = await start(t, { admin: { hosts: ['ballast.example.com'] } });
    for (const host of [
      'localhost',
      'LOCALHOST:1',
      '127.0.0.1',
      '[::1]:8090',
      'ballast.example.com',
      'ballast.example.com:443',
    ]) {
      assert.equal((await side.ask(STATUS, { host })).status, 200, host);
    }
    const foreign = [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.2',
      'evil.example:8090',
      'localhost@evil.example',
    ];
    for (const host of [...foreign, 'ballast.example.com.evil', '', 'local host', 'localhost,evil', null]) {
      for (const path of ['/', STATUS, '/livez', '/readyz', '/metrics', '/login?code=x', '/nope']) {
        const answer = await side.ask(path, { host });
        assert.deepEqual([answer.status, codeOf(answer)], [403, 'host-refused'], `${host} ${path}`);
      }
    }
  });

  it('refuses two Hosts and a whole URL of another host', async (t) => {
    const side = await start(t);
    const raw = (lines: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = net.connect(side.port, '127.0.0.1', () => socket.end(`${lines}Connection: close\r\n\r\n`));
        let text = '';
        socket.on('data', (data) => (text += data.toString()));
        socket.on('error', reject).on('close', () => resolve(text));
      });
    const two = await raw('GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n');
    assert.match(two, /^HTTP\/1\.1 40[03]/);
    const absolute = await raw('GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: evil.example\r\n');
    assert.match(absolute, /^HTTP\/1\.1 400[^]*target-refused/);
    assert.match(await raw('GET /livez HTTP/1.0\r\n'), /^HTTP\/1\.1 403/);
    assert.match(await raw('GET /livez HTTP/1.0\r\nHost: localhost\r\n'), /^HTTP\/1\.1 200/);
  });

  it('takes the address that a connection came in by, where it listens on all', async (t) => {
    const side = await start(t, { admin: { address: '0.0.0.0:0', token: TOKEN } });
    assert.equal((await side.ask('/livez', { host: '127.0.0.1:1' })).status, 200);
    assert.equal((await side.ask('/livez', { host: '10.1.2.3' })).status, 403);
  });

  it('reads the host out of an authority', () => {
    assert.equal(hostOf('A.Example.:80'), 'a.example');
    assert.equal(hostOf('[2001:DB8::1]:80'), '[2001:db8::1]');
    for (const wrong of ['', ':80', 'a b', 'a/b', 'a@b', '[::1', 'a:80:80', 'a:', '[::1]x'])
      assert.equal(hostOf(wrong), null, wrong);
  });
});

describe('admin access: Origin', () => {
  it('takes writes from its own pages and from scripts, and from no foreign page', async (t) => {
    const side = await start(t, { admin: { hosts: ['ballast.example.com'] } });
    const own = `http://127.0.0.1:${side.port}`;
    for (const headers of [
      {},
      { origin: own },
      { origin: own, 'sec-fetch-site': 'same-origin' },
      { origin: 'https://ballast.example.com' },
      { origin: 'https://ballast.example.com:8443' },
    ]) {
      assert.equal((await side.ask(B1, write(headers))).status, 200, JSON.stringify(headers));
    }
    const origins = [
      'http://evil.example',
      'null',
      '',
      `http://127.0.0.1:${side.port + 1}`,
      'http://127.0.0.1',
      'file://',
      `${own}.evil`,
    ];
    for (const origin of origins) {
      const answer = await side.ask(B1, write({ origin }));
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'origin-refused'], origin);
      for (const ask of [
        { method: 'POST', path: '/api/v1/pools/web/backends' },
        { method: 'DELETE', path: B1 },
        { method: 'POST', path: '/api/v1/session' },
      ]) {
        const { status } = await side.ask(ask.path, { method: ask.method, headers: { origin } });
        assert.equal(status, 403, `${ask.method} ${ask.path}`);
      }
    }
    const answer = await side.ask(B1, write({ 'sec-fetch-site': 'cross-site' }));
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'cross-site-refused']);
    assert.equal(
      (await side.ask(STATUS, { headers: { origin: 'http://evil.example' } })).status,
      200,
      'a read tells that page nothing',
    );
    assert.equal(
      (await side.ask(STATUS, { headers: { origin: 'http://evil.example' } })).headers['access-control-allow-origin'],
      undefined,
    );
  });
});

describe('admin access: token', () => {
  it('asks for it on reads and writes, not for the page and the probes', async (t) => {
    const side = await start(t, WITH_TOKEN);
    for (const path of [STATUS, '/api/v1/pools', B1, '/api/v1/nope', '/api/v1/live', '/api', '/metrics']) {
      const answer = await side.ask(path);
      assert.deepEqual([answer.status, codeOf(answer)], [401, 'unauthorized'], path);
      assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/);
    }
    assert.equal((await side.ask(B1, write({}))).status, 401);
    assert.equal(side.roster.backend('web', 'b1')?.weight, 1);
    assert.equal((await side.ask(STATUS, bearer(TOKEN))).status, 200);
    assert.equal((await side.ask(B1, write({ authorization: `bearer ${TOKEN}` }))).status, 200);
    for (const path of ['/livez', '/readyz']) assert.equal((await side.ask(path)).status, 200);
    assert.notEqual((await side.ask('/')).status, 401);
  });

  it('refuses what is not the token', async (t) => {
    const side = await start(t, WITH_TOKEN);
    for (const token of [`${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()]) {
      const answer = await side.ask(STATUS, bearer(token));
      assert.deepEqual([answer.status, codeOf(answer)], [401, 'token-invalid']);
    }
    assert.equal((await side.ask(STATUS, { headers: { authorization: `Basic ${TOKEN}` } })).status, 401);
    assert.equal((await side.ask(`${STATUS}?token=${TOKEN}`)).status, 401);
  });

  it('stops listening to an address that guesses, but not to a session from there', async (t) => {
    const side = await start(t, WITH_TOKEN);
    const signedIn = await side.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } });
    const cookie = cookieOf(signedIn);
    for (let i = 0; i < MAX_FAILURES; i++)
      assert.equal((await side.ask(STATUS, bearer(`guess ${i}`.replace(' ', '')))).status, 401);
    const limited = await side.ask(STATUS, bearer(TOKEN));
    assert.deepEqual([limited.status, codeOf(limited)], [429, 'too-many-failures']);
    assert.equal(limited.headers['retry-after'], '60');
    assert.equal((await side.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } })).status, 429);
    assert.equal((await side.ask('/login?code=x')).status, 429);
    assert.equal((await side.ask(STATUS, { headers: { cookie } })).status, 200);
    assert.equal((await side.ask(STATUS)).status, 401, 'showing nothing is no guess');
    side.clock.nowMs += FAILURE_PERIOD_MS;
    assert.equal((await side.ask(STATUS, bearer(TOKEN))).status, 200);
  });

  it('asks for none on loopback where none is set, and does not start elsewhere', async (t) => {
    const side = await start(t);
    assert.equal((await side.ask(STATUS)).status, 200);
    assert.equal(side.server.url, side.server.baseUrl);
    const { config } = side.roster;
    const { startAdmin } = await import('./server.ts');
    const open = { ...config, admin: { address: { host: '0.0.0.0', port: 0 }, token: null, hosts: [] } };
    await assert.rejects(
      startAdmin({ config: open } as unknown as Parameters<typeof startAdmin>[0]),
      /set admin\.token/,
    );
  });

  it('names a port that is taken', async (t) => {
    const side = await start(t);
    const address = { host: '127.0.0.1', port: side.port };
    await assert.rejects(
      start(t, { admin: { address: `127.0.0.1:${address.port}` } }),
      /admin: cannot listen on 127\.0\.0\.1:\d+: the port is taken/,
    );
  });
});

describe('admin access: sessions', () => {
  it('opens one by the link, once', async (t) => {
    const side = await start(t, WITH_TOKEN);
    const { pathname, search } = new URL(side.server.url);
    const link = `${pathname}${search}`;
    assert.match(link, /^\/login\?code=[\w-]{43}$/);
    assert.equal((await side.ask(link, { method: 'HEAD' })).status, 204);
    assert.equal((await side.ask(link, { headers: { 'sec-purpose': 'prefetch' } })).status, 204);
    const answer = await side.ask(link);
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.location, './');
    assert.match(
      answer.headers['set-cookie']?.[0] ?? '',
      new RegExp(`^ballast_session_${side.port}=[\\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict$`),
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    const cookie = cookieOf(answer);
    assert.equal((await side.ask(STATUS, { headers: { cookie: `a=b; ${cookie}` } })).status, 200);
    assert.equal((await side.ask(B1, write({ cookie }))).status, 200);
    const again = await side.ask(link);
    assert.deepEqual([again.status, codeOf(again)], [403, 'login-code-invalid']);
    assert.equal((await side.ask(link, { headers: { cookie } })).status, 303, 'who is signed in goes to the page');
  });

  it('lets the link lapse after ten minutes and the session after twelve hours', async (t) => {
    const side = await start(t, WITH_TOKEN);
    const link = new URL(side.server.url);
    side.clock.nowMs += LOGIN_CODE_MS;
    assert.equal((await side.ask(`${link.pathname}${link.search}`)).status, 403);
    const cookie = cookieOf(await side.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } }));
    side.clock.nowMs += SESSION_MS - 1;
    assert.equal((await side.ask(STATUS, { headers: { cookie } })).status, 200);
    side.clock.nowMs += 1;
    assert.equal((await side.ask(STATUS, { headers: { cookie } })).status, 401);
  });

  it('opens one by the token and ends it', async (t) => {
    const side = await start(t, WITH_TOKEN);
    const wrong = await side.ask('/api/v1/session', { method: 'POST', body: { token: 'wrong' } });
    assert.deepEqual([wrong.status, codeOf(wrong), wrong.headers['set-cookie']], [401, 'token-invalid', undefined]);
    const answer = await side.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } });
    assert.equal(answer.status, 204);
    const cookie = cookieOf(answer);
    assert.equal((await side.ask(STATUS, { headers: { cookie } })).status, 200);
    assert.equal((await side.ask(STATUS, { headers: { cookie: `${cookie}x` } })).status, 401);
    assert.equal((await side.ask(STATUS, { headers: { cookie: cookie.replace(/_\d+=/, '=') } })).status, 401);
    assert.equal((await side.ask('/api/v1/session', { method: 'DELETE', headers: { cookie } })).status, 204);
    assert.equal((await side.ask(STATUS, { headers: { cookie } })).status, 401);
  });
});

describe('admin access: what every answer carries', () => {
  it('lets no other page frame, read or guess it', async (t) => {
    const side = await start(t, WITH_TOKEN);
    for (const [path, ask] of [
      ['/', {}],
      ['/livez', {}],
      [STATUS, {}],
      [STATUS, bearer(TOKEN)],
      ['/nope', {}],
      [STATUS, { host: 'evil.example' }],
      [B1, { method: 'PUT', ...bearer(TOKEN) }],
    ] as const) {
      const { headers } = await side.ask(path, ask);
      assert.match(
        headers['content-security-policy']?.toString() ?? '',
        /^default-src 'self';.*frame-ancestors 'none'/,
        path,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      if (path !== '/') assert.equal(headers['cache-control'], 'no-store');
    }
  });
});
