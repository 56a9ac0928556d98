import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configTree, filterTree, isMore, nextLimit, originText, rowsOf, summaryOf, yamlOf } from './config-tree.ts';
import { flowOf, scalarText } from './yaml-text.ts';

const set = (value: unknown, line: number) => ({ value, origin: 'file', line, column: 1 });
const by = (value: unknown) => ({ value, origin: 'default' });

const backend = (name: string, weight: unknown) => ({
  url: set(`http://10.0.0.1:80/${name}`, 9),
  name: set(name, 9),
  weight,
  backup: by(false),
});

const SETTINGS = {
  version: set(1, 1),
  workers: { value: 'auto', origin: 'default', inForce: 4 },
  pools: {
    web: {
      policy: { value: 'least-connections', origin: 'runtime' },
      backends: [backend('b1', by(1)), backend('b2', { value: 20, origin: 'runtime' })],
      queue: { size: by(100), timeout: by('10s') },
    },
  },
  admin: { token: { value: '***', origin: 'environment', line: 12, column: 3, by: '${TOKEN}' } },
};

const shown = (rows: ReturnType<typeof rowsOf>): string[] =>
  rows.map((row) => (isMore(row) ? `more of ${row.count}` : `${'  '.repeat(row.depth)}${row.node.key ?? '-'}`));

test('is open where something was set, and folded where all is default', () => {
  const rows = rowsOf(configTree(SETTINGS), new Set(), new Map(), false);
  expect(shown(rows)).toEqual([
    'version',
    'workers',
    'pools',
    '  web',
    '    policy',
    '    backends',
    '      -',
    '      -',
    '        url',
    '        name',
    '        weight',
    '        backup',
    '    queue',
    'admin',
    '  token',
  ]);
  const [queue] = rows.flatMap((row) => (isMore(row) || row.node.key !== 'queue' ? [] : row));
  expect([queue?.isOpen, queue === undefined ? '' : summaryOf(queue.node)]).toEqual([false, '2 defaults']);
  const [first] = rows.flatMap((row) => (isMore(row) || row.node.key !== null ? [] : row));
  expect(first === undefined ? '' : summaryOf(first.node)).toBe('{ url: http://10.0.0.1:80/b1, name: b1 }');
  expect(shown(rowsOf(configTree(SETTINGS), new Set(['pools']), new Map(), false))).toHaveLength(5);
});

test('is filtered by words and by origin, with what a setting belongs to', () => {
  const tree = configTree(SETTINGS);
  const found = (text: string, origin: Parameters<typeof filterTree>[1]['origin'] = 'all'): string[] => {
    const kept = filterTree(tree, { text, origin });
    return kept === null ? [] : shown(rowsOf(kept, new Set(), new Map(), true));
  };
  expect(found('', 'runtime')).toEqual(['pools', '  web', '    policy', '    backends', '      -', '        weight']);
  expect(found('timeout')).toEqual(['pools', '  web', '    queue', '      timeout']);
  expect(found('b2')).toEqual([
    'pools',
    '  web',
    '    backends',
    '      -',
    '        url',
    '        name',
    '        weight',
    '        backup',
  ]);
  expect(found('b2', 'runtime')).toEqual(['pools', '  web', '    backends', '      -', '        weight']);
  expect(found('', 'set')).not.toContain('workers');
  expect(found('nothing like it')).toEqual([]);
});

test('shows a hundred of a thousand backends, folded, and then more', () => {
  const backends = Array.from({ length: 1_000 }, (_, index) => backend(`b${index}`, by(1)));
  const tree = configTree({ pools: { big: { backends } } });
  const rows = rowsOf(tree, new Set(), new Map(), false);
  expect(rows).toHaveLength(3 + 100 + 1);
  const last = rows.at(-1);
  if (last === undefined || !isMore(last)) throw new Error('there are more');
  expect([last.shown, last.count, nextLimit(last)]).toEqual([100, 1_000, 200]);
  expect(rowsOf(tree, new Set(), new Map([[last.parent.id, 200]]), false)).toHaveLength(204);
  expect(
    shown(rowsOf(filterTree(tree, { text: 'b777', origin: 'all' }) ?? tree, new Set(), new Map(), true)),
  ).toHaveLength(8);
});

test('is YAML with the same meaning', () => {
  const yaml = yamlOf(configTree({ ...SETTINGS, empty: {}, none: [], hosts: set(['a.example', '*.b'], 3) }));
  expect(parse(yaml)).toEqual({
    version: 1,
    workers: 'auto',
    pools: {
      web: {
        policy: 'least-connections',
        backends: [
          { url: 'http://10.0.0.1:80/b1', name: 'b1', weight: 1, backup: false },
          { url: 'http://10.0.0.1:80/b2', name: 'b2', weight: 20, backup: false },
        ],
        queue: { size: 100, timeout: '10s' },
      },
    },
    admin: { token: '***' },
    empty: {},
    none: [],
    hosts: ['a.example', '*.b'],
  });
});

test('values are written so that they mean the same', () => {
  for (const value of [
    'yes',
    'null',
    '1',
    '1e3',
    '10s',
    ':8080',
    '127.0.0.1:80',
    '[::1]:80',
    'a: b',
    'a #b',
    '',
    '*',
    '-',
    '- a',
    '0x1f',
    '.5',
    '~',
    'http://a:1/x?y=1#z',
    'two words',
    'end:',
    '${VAR}',
    '12:30:00',
    'ünï',
    true,
    5,
    null,
  ]) {
    expect(parse(`x: ${scalarText(value)}`)).toEqual({ x: value });
    expect(parse(`x: ${flowOf([value])}`)).toEqual({ x: [value] });
  }
});

test('says where a value is from', () => {
  expect(originText({ value: 1, origin: 'file', line: 12 }, 'ballast.yaml')).toBe('ballast.yaml:12');
  expect(originText({ value: 1, origin: 'environment', line: 3, by: '${B2}' }, 'b.yaml')).toBe('${B2} b.yaml:3');
  expect(originText({ value: 1, origin: 'flag', by: '--to' }, null)).toBe('--to');
  expect(originText({ value: 1, origin: 'runtime' }, 'b.yaml')).toBe('run time');
  // A pool may be called `origin`.
  expect(configTree({ pools: { origin: { policy: by('x') } } }).count).toBe(1);
});
