import type { ComponentChild } from 'preact';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { latest, link, shown } from '../live/session.ts';
import { applyMessage } from '../store.ts';
import { backend, delta, event, pool, snapshot } from '../test-data.ts';
import { poolTopic } from '../topics.ts';
import { readAddition } from './add-backend.tsx';
import { BackendsTable } from './backends-table.tsx';
import { ConfirmDialog } from './confirm.tsx';
import { curlTarget } from './empty.tsx';
import { poolOfSubject, subjectHref } from './event-items.tsx';
import { Pager } from './pager.tsx';
import { PolicySelect } from './policy-select.tsx';
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

test('the policy menu shows what the server has applied, and only that', async () => {
  hear(snapshot({ [WEB]: FAILING }));
  let answer: (response: Response) => void = () => {};
  const fetched = vi.fn((_url: URL, _init: RequestInit) => new Promise<Response>((resolve) => (answer = resolve)));
  vi.stubGlobal('fetch', fetched);
  const policies = [
    { name: 'round-robin', summary: 'Each in its turn.', usesWeights: false },
    { name: 'least-connections', summary: 'Fewest in flight.', usesWeights: true },
  ];
  const menu = (applied: string) => <PolicySelect pool="web" applied={applied} policies={policies} />;
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
  void act(() => hear(delta(2, { [WEB]: { fields: { policy: 'least-connections' } } })));
  await settle();
  paint(menu('least-connections'));
  expect(byId('policy-note').textContent).toBe('Fewest in flight.');
});

test('a refused policy stays as it was, with the words of the server', async () => {
  hear(snapshot({ [WEB]: FAILING }));
  const problem = { detail: 'There is no policy "x".', code: 'policy-unknown' };
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(problem), { status: 422 }));
  const policies = ['round-robin', 'x'].map((name) => ({ name, summary: '', usesWeights: false }));
  paint(<PolicySelect pool="web" applied="round-robin" policies={policies} />);
  const select = byId('policy-select') as HTMLSelectElement;
  select.value = 'x';
  choose(select);
  await settle();
  expect(select.value).toBe('round-robin');
  expect(byId('policy-note').textContent).toBe('There is no policy "x".');
});

test('a change of mode is asked about, with its consequence, before anything is sent', async () => {
  hear(snapshot({ [WEB]: FAILING }));
  const fetched = vi.fn(async () => new Response('{}', { status: 200 }));
  vi.stubGlobal('fetch', fetched);
  paint(
    <>
      {table()}
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
  const drained = { name: 'b1', mode: 'drain' };
  void act(() => hear(delta(2, { [WEB]: { rows: [drained] } })));
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
