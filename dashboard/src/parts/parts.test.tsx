import type { ComponentChild } from 'preact';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { latest, link, shown } from '../live/session.ts';
import { applyMessage } from '../store.ts';
import { backend, delta, event, pool, snapshot } from '../test-data.ts';
import { readAddition } from './add-backend.tsx';
import { BackendsTable, sortBackends } from './backends-table.tsx';
import { ConfirmDialog } from './confirm.tsx';
import { curlTarget } from './empty.tsx';
import { poolOfSubject } from './event-items.tsx';
import { matchesFilter } from './filter-field.tsx';
import { pageOf } from './pager.tsx';
import { PolicySelect } from './policy-select.tsx';
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
const settle = (): Promise<void> => act(async () => new Promise((resolve) => setTimeout(resolve, 5)));

const choose = (select: HTMLSelectElement): void => {
  void act(() => {
    select.dispatchEvent(new Event('change', { bubbles: true }));
  });
};

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

const FAILING = pool('web', [
  backend('b1', { rps: 30 }),
  backend('b2', { state: 'down', reason: 'ECONNREFUSED 127.0.0.1:8082' }),
]);

test('a row says the state in a word, with its reason', () => {
  paint(<BackendsTable pool={FAILING} usesWeights={false} filter="" />);
  expect(byId('backend-b1-state').textContent).toBe('up');
  expect(byId('backend-b2-state').textContent).toBe('down');
  expect(byId('backend-b2-state').querySelector('svg')?.getAttribute('data-state')).toBe('down');
  expect(byId('backend-b2-reason').textContent).toBe('ECONNREFUSED 127.0.0.1:8082');
  expect(byId('backend-b1').textContent).toContain('100\u202f%');
});

test('a filter finds by name, address, state and reason', () => {
  paint(<BackendsTable pool={FAILING} usesWeights={false} filter="down refused" />);
  expect([...host.querySelectorAll('[data-row]')].map((row) => row.getAttribute('data-testid'))).toEqual([
    'backend-b2',
  ]);
});

test('long lists come in pages of a hundred', () => {
  const many = Array.from({ length: 250 }, (_, index) => index);
  expect(pageOf(many, 1)).toMatchObject({ page: 1, rows: { length: 100, 0: 100 } });
  expect(pageOf(many, 9)).toMatchObject({ page: 2, rows: { length: 50, 0: 200 } });
  expect(pageOf([], 3)).toEqual({ page: 0, rows: [] });
});

test('sorting by state puts the worst first and keeps the order of equals', () => {
  const backends = [
    backend('a'),
    backend('b', { state: 'down' }),
    backend('c'),
    backend('d', { state: 'maintenance' }),
  ];
  expect(sortBackends(backends, 'state').map((one) => one.name)).toEqual(['b', 'd', 'a', 'c']);
  expect(sortBackends([backend('n10'), backend('n9')], 'name').map((one) => one.name)).toEqual(['n9', 'n10']);
});

test('the policy menu shows what the server has applied, and only that', async () => {
  hear(snapshot([FAILING]));
  let answer: (response: Response) => void = () => {};
  const fetched = vi.fn((_url: URL, _init: RequestInit) => new Promise<Response>((resolve) => (answer = resolve)));
  vi.stubGlobal('fetch', fetched);
  const policies = [
    { name: 'round-robin', summary: 'Each in its turn.', usesWeights: false },
    { name: 'least-connections', summary: 'Fewest in flight.', usesWeights: true },
  ];
  const menu = (applied: string) => (
    <PolicySelect pool="web" applied={applied} names={['round-robin', 'least-connections']} policies={policies} />
  );
  paint(menu('round-robin'));
  const select = byId('policy-select') as HTMLSelectElement;
  expect(byId('policy-note').textContent).toBe('Each in its turn.');
  expect(select.textContent).toContain('Fewest in flight.');

  select.value = 'least-connections';
  choose(select);
  expect(select.value).toBe('round-robin');
  expect(byId('policy-note').textContent).toBe('Switching to least-connections …');
  const [url, init] = fetched.mock.calls[0] ?? [];
  expect(url?.pathname).toContain('api/v1/pools/web');
  expect(init).toMatchObject({ method: 'PATCH', body: '{"policy":"least-connections"}' });

  answer(new Response('{}', { status: 200 }));
  await settle();
  expect(byId('policy-note').dataset['kind']).toBe('pending');
  void act(() => hear(delta(2, { pools: [{ name: 'web', policy: 'least-connections' }] })));
  await settle();
  paint(menu('least-connections'));
  expect(byId('policy-note').textContent).toBe('Fewest in flight.');
});

test('a refused policy stays as it was, with the words of the server', async () => {
  hear(snapshot([FAILING]));
  const problem = { detail: 'There is no policy "x".', code: 'policy-unknown' };
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(problem), { status: 422 }));
  paint(<PolicySelect pool="web" applied="round-robin" names={['round-robin', 'x']} policies={[]} />);
  const select = byId('policy-select') as HTMLSelectElement;
  select.value = 'x';
  choose(select);
  await settle();
  expect(select.value).toBe('round-robin');
  expect(byId('policy-note').textContent).toBe('There is no policy "x".');
});

test('a change of mode is asked about, with its consequence, before anything is sent', async () => {
  hear(snapshot([FAILING]));
  const fetched = vi.fn(async () => new Response('{}', { status: 200 }));
  vi.stubGlobal('fetch', fetched);
  paint(
    <>
      <BackendsTable pool={FAILING} usesWeights={false} filter="" />
      <ConfirmDialog />
    </>,
  );
  void act(() => byId('backend-b1-mode-drain').click());
  expect(byId('confirm-dialog').textContent).toContain('0 requests in flight; 0 of 2 remain.');
  expect(byId('confirm-dialog').textContent).toContain('answered 503');
  expect(fetched).not.toHaveBeenCalled();
  void act(() => byId('confirm-ok').click());
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(host.querySelector('[data-testid="confirm-dialog"]')).toBeNull();
  void act(() => hear(delta(2, { pools: [{ name: 'web', backends: [{ name: 'b1', mode: 'drain' }] }] })));
  await settle();
});

test('what was typed for a new backend is read, or its mistake is said', () => {
  const form = (url: string, name: string, weight: string): FormData => {
    const data = new FormData();
    data.set('url', url);
    data.set('name', name);
    data.set('weight', weight);
    return data;
  };
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

test('subjects link to pools that exist', () => {
  expect(poolOfSubject('web/b1', ['web'])).toBe('web');
  expect(poolOfSubject('worker 1', ['web'])).toBeNull();
  expect(event(1).subject).toBe('web/b1');
});

test('every word of a filter has to occur', () => {
  expect(matchesFilter('api/b2 Down', 'down api')).toBe(true);
  expect(matchesFilter('api/b2 down', 'down web')).toBe(false);
  expect(matchesFilter('anything', '')).toBe(true);
});

test('a small line lifts its pen over a gap', () => {
  expect(sparkPath([1, null, 2], 10, 10)).toBe('M0.0 5.0M10.0 1.0');
  expect(thin([1, 3, null, null, 5, 7], 3)).toEqual([2, null, 6]);
});
