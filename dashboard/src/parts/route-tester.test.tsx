import type { ComponentChild } from 'preact';
import { render } from 'preact';
import { useRef } from 'preact/hooks';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useRouteTest } from '../live/route-test.ts';
import { parsePlace, place } from '../router.ts';
import { explained, explanation, route } from '../test-data.ts';
import { RouteTester } from './route-tester.tsx';
import { NoRoutes, RoutesTable } from './routes-table.tsx';

let host: HTMLElement;

const goTo = (hash: string): void => {
  history.replaceState(null, '', hash);
  place.value = parsePlace(location.hash);
};

beforeEach(() => {
  host = document.createElement('div');
  document.body.append(host);
  goTo('#/routes');
});

afterEach(() => {
  render(null, host);
  host.remove();
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

function Tester({ listener = '127.0.0.1:8080' }: { readonly listener?: string | null }) {
  const target = useRef<HTMLInputElement>(null);
  return <RouteTester test={useRouteTest(listener)} listener={listener} target={target} />;
}

function type(testid: string, text: string): void {
  const field = byId(testid) as HTMLInputElement;
  field.value = text;
  void act(() => {
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

const submit = (): void => {
  void act(() => byId('tester-ask').click());
};

/** Answers each question in turn; says what was asked. */
function stubAnswers(...answers: readonly Response[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (_url: URL, init: RequestInit) => {
    asked.push(String(init.body));
    return answers[asked.length - 1] ?? new Response('{}', { status: 500 });
  });
  return asked;
}

const json = (body: object, status = 200): Response => new Response(JSON.stringify(body), { status });

test('a test tells its story, says it aloud, and is kept in the address', async () => {
  const asked = stubAnswers(json(explanation()));
  paint(<Tester />);
  type('tester-target', '/v2');
  type('tester-headers', 'Host: api.example.com');
  submit();
  await settle();
  expect(asked.map((body) => JSON.parse(body))).toEqual([
    { method: 'GET', host: 'api.example.com', path: '/v2', headers: {} },
  ]);
  expect(byId('story-headline').textContent).toBe('Forwarded to pool api by route 2');
  expect(byId('tester-aloud').textContent).toContain('Forwarded to pool api by route 2. 1 route did not match.');
  expect(byId('story-lost').textContent).toContain('path /v2 is not below /v1');
  expect(byId('story-route').textContent).toContain('takes it: first match');
  expect(byId('story-backends').textContent).toContain('50\u202f%');
  expect(byId('story-backends').textContent).toContain('ECONNREFUSED');
  expect(byId('explain-line').textContent).toContain('ballast explain --url http://api.example.com/v2');
  expect(byId('curl-line').textContent).toBe("curl -i -H 'Host: api.example.com' http://127.0.0.1:8080/v2");
  expect(place.value.options).toEqual({ url: '/v2', headers: 'Host: api.example.com' });
});

test('the address asks once it is known where requests go, and again for another one', async () => {
  goTo('#/routes?url=/a&method=POST');
  const asked = stubAnswers(json(explanation()), json(explanation()));
  paint(<Tester listener={null} />);
  await settle();
  expect(asked).toEqual([]);
  paint(<Tester />);
  await settle();
  expect(asked.map((body) => JSON.parse(body).path)).toEqual(['/a']);
  void act(() => goTo('#/routes?url=/b'));
  await settle();
  expect(asked.map((body) => JSON.parse(body).path)).toEqual(['/a', '/b']);
  expect((byId('tester-target') as HTMLInputElement).value).toBe('/b');
  void act(() => goTo('#/routes?q=api&url=/b'));
  await settle();
  expect(asked.length).toBe(2);
});

test('a mistake is said at its field and asks nothing; a refusal has the words of the server', async () => {
  const asked = stubAnswers(json({ detail: '/path: a path begins with /', code: 'body-invalid' }, 422));
  paint(<Tester />);
  submit();
  await settle();
  expect(host.querySelector('[role="alert"]')?.textContent).toContain('A URL is needed');
  expect(byId('tester-target').getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(byId('tester-target'));
  expect(asked).toEqual([]);
  type('tester-target', '/ä');
  submit();
  await settle();
  expect(host.querySelector('[role="alert"]')?.textContent).toBe('/path: a path begins with /');
  expect(host.querySelector('[data-testid="story"]')).toBeNull();
});

test('clearing takes the question out of form and address', async () => {
  stubAnswers(json(explanation()));
  goTo('#/routes?url=/a&q=x');
  paint(<Tester />);
  await settle();
  void act(() => byId('story').querySelector('button')?.click());
  expect(place.value.options).toEqual({ q: 'x' });
  expect((byId('tester-target') as HTMLInputElement).value).toBe('');
  expect(host.querySelector('[data-testid="story"]')).toBeNull();
});

test('a long story is folded', async () => {
  const lost = Array.from({ length: 100 }, (_, index) => ({
    number: index + 1,
    host: null,
    path: `/${index}`,
    pool: 'web',
    reason: 'no',
  }));
  const backends = Array.from({ length: 200 }, (_, index) => explained(`b${index}`, { share: 0.005 }));
  const { pool } = explanation();
  if (pool === null) throw new Error('no pool');
  stubAnswers(json(explanation({ lost, moreLost: 9_800, pool: { ...pool, backends } })));
  goTo('#/routes?url=/a');
  paint(<Tester />);
  await settle();
  const folded = [...byId('story').querySelectorAll('summary')].map((summary) => summary.textContent);
  expect(folded).toEqual(['92 more routes that did not match', '192 more backends']);
  expect(byId('story').textContent).toContain('and 9\u2009800 more that did not match');
});

test('a row says what it matches, what it took, and what is in its way', () => {
  const tested: number[] = [];
  const routes = [
    route(1, { host: 'a.x', path: '/v1', pool: 'api', requests: 1200, rps: 30 }),
    route(2),
    route(3, { path: '/b', coveredBy: 2 }),
  ];
  paint(<RoutesTable routes={routes} taking={2} onTest={({ number }) => tested.push(number)} />);
  expect(byId('route-1').textContent).toContain('a.x/v1');
  expect(byId('route-1-hits').textContent).toBe('1\u2009200');
  expect(byId('route-2').textContent).toContain('everything');
  expect(byId('route-2').textContent).toContain('takes the tested request');
  expect(byId('route-2-hits').textContent).toBe('never matched');
  expect(byId('route-3-covered').textContent).toContain('never matches: route 2 takes all that it would');
  void act(() => byId('route-3-test').click());
  expect(tested).toEqual([3]);
});

test('without a route three lines teach how one is written', () => {
  paint(<NoRoutes />);
  expect(byId('no-routes').querySelector('pre')?.textContent?.split('\n')).toHaveLength(3);
});
