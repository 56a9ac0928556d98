import type { ComponentChild } from 'preact';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Preview } from '../change.ts';
import { notices } from '../live/notices.ts';
import { latest, link, shown } from '../live/session.ts';
import { Notices } from '../shell/notices.tsx';
import { applyMessage } from '../store.ts';
import { backend, delta, event, pool, preview, snapshot } from '../test-data.ts';
import { poolTopic, SYSTEM } from '../topics.ts';
import { readAddition } from './add-backend.tsx';
import { BackendsTable } from './backends-table.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { ConfirmDialog } from './confirm.tsx';
import { curlTarget } from './empty.tsx';
import { poolOfSubject, subjectHref } from './event-items.tsx';
import { Pager } from './pager.tsx';
import { PolicyDialog } from './policy-dialog.tsx';
import { PolicySelect } from './policy-select.tsx';
import { clearSelection } from './selection.ts';
import { readSort } from './sort-header.tsx';
import { sparkPath, thin } from './sparkline.tsx';

let host: HTMLElement;

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
});

afterEach(() => {
  render(null, host);
  host.remove();
  latest.value = null;
  shown.value = null;
  notices.value = [];
  clearSelection();
  vi.unstubAllGlobals();
});

const paint = (node: ComponentChild): void => {
  void act(() => render(node, host));
};
const byId = (testid: string): HTMLElement => {
  const found = host.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  if (found === null) throw new Error(`no element ${testid}`);
  return found;
};
/** Waits until the page has come to say so. */
const until = (claim: () => void): Promise<void> =>
  vi.waitFor(async () => {
    await settle();
    claim();
  }, 5000);
const settle = (): Promise<void> => act(async () => new Promise((resolve) => setTimeout(resolve, 5)));

/** Shows a model as if it had come over the channel. */
function hear(...messages: Parameters<typeof applyMessage>[1][]): void {
  for (const message of messages) {
    const outcome = applyMessage(latest.value, message);
    if (outcome.kind !== 'applied') throw new Error(outcome.kind);
    latest.value = outcome.model;
    shown.value = outcome.model;
  }
  link.value = 'live';
}

const WEB = poolTopic('web');
const BACKENDS = [
  backend('b1', { rps: 30, expectedShare: 1, actualShare: 1 }),
  backend('b2', { state: 'down', reason: 'ECONNREFUSED 127.0.0.1:8082', expectedShare: 0, actualShare: 0 }),
];
const FAILING = pool('web', BACKENDS, { availableCount: 1 });
const table = () => (
  <BackendsTable pool="web" backends={BACKENDS} matchingCount={2} offset={0} usesWeights={false} onPage={() => {}} />
);

test('a row says the state in a word, with its reason', () => {
  paint(table());
  expect(byId('backend-b1-state').textContent).toBe('up');
  expect(byId('backend-b2-state').textContent).toBe('down');
  expect(byId('backend-b2-state').querySelector('svg')?.getAttribute('data-state')).toBe('down');
  expect(byId('backend-b2-reason').textContent).toBe('ECONNREFUSED 127.0.0.1:8082');
  expect(byId('backend-b1').textContent).toContain('100\u202f%');
});

test('long lists come in pages of a hundred', () => {
  const asked: number[] = [];
  const pager = (offset: number) => (
    <Pager noun="backend" count={250} offset={offset} onPage={(next) => asked.push(next)} />
  );
  paint(pager(100));
  expect(host.textContent).toContain('101 to 200 of 250 backends');
  const [previous, next] = [...host.querySelectorAll('button')];
  void act(() => next?.click());
  void act(() => previous?.click());
  expect(asked).toEqual([200, 0]);
  paint(pager(200));
  expect(host.querySelectorAll('button')[1]?.disabled).toBe(true);
  paint(<Pager noun="backend" count={100} offset={0} onPage={() => {}} />);
  expect(host.textContent).toBe('');
});

test('a sort is one of the columns of the table, or none', () => {
  expect(readSort('-rps', ['rps', 'name'])).toBe('-rps');
  expect(readSort('name', ['rps', 'name'])).toBe('name');
  expect(readSort('-weight', ['rps'])).toBeNull();
  expect(readSort(null, ['rps'])).toBeNull();
});

/** An admin API that answers dry runs, shares and changes; what it was asked is in `asked`. */
function answerAs(dryRun: Partial<Preview>, changed: () => Promise<Response> | Response): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL, { method, body, headers }: RequestInit) => {
    const tag = { headers: { etag: '"1"' } };
    if (url.pathname.endsWith('/shares')) return Response.json(SHARES, tag);
    if (url.searchParams.has('dryRun')) return Response.json(preview(dryRun), tag);
    asked.push(
      `${method} ${url.pathname.slice(url.pathname.indexOf('/api'))} ${String(body)} ${JSON.stringify(headers)}`,
    );
    return changed();
  });
  return asked;
}

const SHARES = {
  pool: 'web',
  policy: 'least-connections',
  backends: [
    { name: 'b1', actual: 1, expected: 0.25 },
    { name: 'b2', actual: 0, expected: 0.75 },
  ],
};
const POLICIES = [
  { name: 'round-robin', summary: 'Each in its turn.', usesWeights: false },
  { name: 'least-connections', summary: 'Fewest in flight.', usesWeights: true },
];

test('a policy is switched after its shares were shown, and the one in force stands until then', async () => {
  hear(snapshot({ [WEB]: FAILING, [SYSTEM]: { fields: { policies: POLICIES } } }));
  let answer: (response: Response) => void = () => {};
  const former = { policy: 'round-robin', backends: [] };
  const asked = answerAs(
    { changes: ['policy round-robin → least-connections'], former },
    () => new Promise((resolve) => (answer = resolve)),
  );
  const screen = (applied: string): void =>
    paint(
      <>
        <PolicySelect pool="web" applied={applied} policies={POLICIES} />
        <PolicyDialog />
        <Notices />
      </>,
    );
  screen('round-robin');
  expect(byId('policy-select').textContent).toBe('round-robin');
  expect(byId('policy-note').textContent).toBe('Each in its turn.');
  void act(() => byId('policy-select').click());
  expect(byId('policy-dialog').textContent).toContain('Fewest in flight.');
  void act(() => byId('policy-least-connections').click());
  await until(() => expect(byId('share-b2').textContent).toBe('b20\u202f%75\u202f%'));
  await until(() => expect(byId('policy-apply').getAttribute('aria-disabled')).toBe('false'));
  expect(asked).toEqual([]);
  void act(() => byId('policy-apply').click());
  await until(() => expect(asked).toHaveLength(1));
  expect(asked[0]).toContain('PATCH /api/v1/pools/web {"policy":"least-connections"}');
  expect(asked[0]).toContain('"if-match":"\\"1\\""');
  expect(byId('policy-select').textContent).toBe('round-robin');
  expect(byId('policy-note').textContent).toBe('Switching to least-connections …');
  answer(Response.json({ persisted: false, warning: 'cannot write it: ENOSPC' }));
  await until(() =>
    expect(byId('notices').textContent).toContain(
      'web: least-connections, was round-robin. Not saved: cannot write it',
    ),
  );
  void act(() => hear(delta(2, { [WEB]: { fields: { policy: 'least-connections' } } })));
  await settle();
  screen('least-connections');
  expect(byId('policy-note').textContent).toBe('Fewest in flight.');
});

test('a refused policy stays as it was, with the words of the server', async () => {
  hear(snapshot({ [WEB]: FAILING, [SYSTEM]: { fields: { policies: POLICIES } } }));
  const problem = { detail: 'The balancer is shutting down.', code: 'stopping' };
  answerAs({}, () => Response.json(problem, { status: 503 }));
  paint(
    <>
      <PolicySelect pool="web" applied="round-robin" policies={POLICIES} />
      <PolicyDialog />
    </>,
  );
  void act(() => byId('policy-select').click());
  void act(() => byId('policy-least-connections').click());
  await until(() => expect(byId('policy-apply').getAttribute('aria-disabled')).toBe('false'));
  void act(() => byId('policy-apply').click());
  await until(() => expect(byId('policy-dialog').textContent).toContain('The balancer is shutting down.'));
  expect(byId('policy-select').textContent).toBe('round-robin');
  void act(() => byId('policy-cancel').click());
});

test('the last backend is drained only after the name of the pool was typed, and it can be undone', async () => {
  hear(snapshot({ [WEB]: FAILING }));
  const consequences = ['no backend is left in web: 503 for all'];
  const asked = answerAs({ available: { before: 1, after: 0 }, consequences }, () =>
    Response.json({ persisted: true }),
  );
  paint(
    <>
      {table()}
      <ConfirmDialog />
      <Notices />
    </>,
  );
  void act(() => byId('backend-b1-mode-drain').click());
  const dialog = byId('confirm-dialog');
  await until(() => expect(dialog.textContent).toContain('No backend is left'));
  expect(dialog.textContent).toContain('0 requests in flight; 0 of 1 remain.');
  expect(dialog.textContent).toContain('No backend is left in web: 503 for all.');
  const press = async (): Promise<void> => {
    void act(() => byId('confirm-ok').click());
    await settle();
  };
  await press();
  expect(asked).toEqual([]);
  const field = byId('confirm-typed') as HTMLInputElement;
  field.value = 'web';
  void act(() => {
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await press();
  await until(() => expect(host.querySelector('[data-testid="confirm-dialog"]')).toBeNull());
  expect(asked).toHaveLength(1);
  void act(() => hear(delta(2, { [WEB]: { rows: [backend('b1', { mode: 'drain' })] } })));
  await until(() => expect(byId('notices').textContent).toContain('web/b1: drain, was ready. Saved.'));
  answerAs({ former: { policy: null, backends: [{ name: 'b1', url: '', weight: 1, mode: 'drain' }] } }, () =>
    Response.json({ persisted: true }),
  );
  void act(() => byId('undo').click());
  await until(() => expect(byId('notices').textContent).toContain('web/b1: taken back.'));
});

test('ticked rows are changed together', async () => {
  paint(
    <>
      {table()}
      <BulkBar pool="web" filter="" matchingCount={2} />
    </>,
  );
  expect(host.querySelector('[data-testid="bulk"]')).toBeNull();
  void act(() => byId('backend-b2-tick').click());
  expect(byId('bulk-count').textContent).toBe('1 backend');
  void act(() => byId('tick-all').click());
  expect(byId('bulk-count').textContent).toBe('2 backends');
  void act(() => byId('bulk-none').click());
  expect(host.querySelector('[data-testid="bulk"]')).toBeNull();
});

test('what was typed for a new backend is read, or its mistake is said', () => {
  const form = (url: string, name: string, weight: string) => ({ url, name, weight });
  expect(readAddition(form('127.0.0.1:8084', '', '2'))).toEqual({ url: 'http://127.0.0.1:8084', weight: 2 });
  expect(readAddition(form('http://a:1', 'a', '1'))).toEqual({ url: 'http://a:1', name: 'a', weight: 1 });
  expect(readAddition(form('', '', '1'))).toContain('needed');
  expect(readAddition(form('https://a', '', '1'))).toContain('http');
  expect(readAddition(form('http://a', '', '0'))).toContain('1 to 256');
});

test('the curl line names an address that can be reached from here', () => {
  expect(curlTarget('[::]:8080', 'lb.example')).toBe('http://lb.example:8080/');
  expect(curlTarget('0.0.0.0:80', 'localhost')).toBe('http://localhost:80/');
  expect(curlTarget('127.0.0.1:8080', 'x')).toBe('http://127.0.0.1:8080/');
  expect(curlTarget('[::1]:8080', 'x')).toBe('http://[::1]:8080/');
});

test('subjects link to pools', () => {
  expect(poolOfSubject('web/b1')).toBe('web');
  expect(poolOfSubject('web')).toBe('web');
  expect(poolOfSubject('worker 1')).toBeNull();
  expect(poolOfSubject('')).toBeNull();
  expect(event(1).subject).toBe('web/b1');
});

test('a small line lifts its pen over a gap', () => {
  expect(sparkPath([1, null, 2], 10, 10)).toBe('M0.0 5.0M10.0 1.0');
  expect(thin([1, 3, null, null, 5, 7], 3)).toEqual([2, null, 6]);
});

test('an event leads to what it is about', () => {
  expect(subjectHref('web/127.0.0.1:8081')).toBe('#/pools/web/127.0.0.1%3A8081');
  expect(subjectHref('web')).toBe('#/pools/web');
  expect(subjectHref('worker 1')).toBeNull();
  expect(subjectHref('')).toBeNull();
});
