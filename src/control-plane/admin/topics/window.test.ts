import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LIMIT, MAX_LIMIT, type WindowRules, windowOf } from './window.ts';

interface Item {
  readonly name: string;
  readonly rps: number;
}

const RULES: WindowRules<Item> = {
  textOf: ({ name, rps }) => `${name} state:${rps > 5 ? 'up' : 'down'}`,
  ranks: { name: ({ name }) => name, rps: ({ rps }) => rps },
};
const items: readonly Item[] = Array.from({ length: 250 }, (_, index) => ({ name: `Node-${index}`, rps: index % 10 }));
const names = (options: string): string[] =>
  windowOf(items, new URLSearchParams(options), RULES).items.map(({ name }) => name);

describe('a window', () => {
  it('is the first rows in their own order, where nothing is asked for', () => {
    assert.equal(names('').length, DEFAULT_LIMIT);
    assert.deepEqual(names('limit=3'), ['Node-0', 'Node-1', 'Node-2']);
    assert.deepEqual(names('limit=2&offset=248'), ['Node-248', 'Node-249']);
    assert.deepEqual(names('limit=0'), []);
  });

  it('is sorted up or down; equals keep their order, and numbers in names count', () => {
    assert.deepEqual(names('sort=-rps&limit=3'), ['Node-9', 'Node-19', 'Node-29']);
    assert.deepEqual(names('sort=rps&limit=2'), ['Node-0', 'Node-10']);
    assert.deepEqual(names('sort=name&limit=12').slice(8), ['Node-8', 'Node-9', 'Node-10', 'Node-11']);
    assert.deepEqual(names('sort=-name&limit=1'), ['Node-249']);
  });

  it('holds those in which every word occurs, and counts them all', () => {
    const window = windowOf(items, new URLSearchParams('q=STATE:up node-1&limit=2'), RULES);
    assert.deepEqual(
      window.items.map(({ name }) => name),
      ['Node-16', 'Node-17'],
    );
    assert.equal(window.matchingCount, items.filter(({ name, rps }) => rps > 5 && name.includes('Node-1')).length);
    assert.equal(windowOf(items, new URLSearchParams('q=nobody'), RULES).matchingCount, 0);
    assert.deepEqual(names('q=!state:up node-1 !node-1%2B &limit=3'), names('q=state:down node-1&limit=3'));
    assert.deepEqual(names('q=! &limit=1'), ['Node-0'], 'a sign that is being typed');
  });

  it('shows the last rows where there are fewer than it begins at', () => {
    const window = windowOf(items, new URLSearchParams('offset=900&limit=100'), RULES);
    assert.deepEqual([window.offset, window.items.length], [200, 50]);
    assert.equal(windowOf([], new URLSearchParams('offset=100'), RULES).offset, 0);
  });

  it('takes no notice of what makes no sense, and is never larger than it may be', () => {
    for (const wrong of ['limit=x', 'offset=-1', 'sort=constructor', 'sort=-', 'sort=__proto__']) {
      assert.deepEqual(names(`${wrong}${wrong.startsWith('limit') ? '' : '&limit=2'}`).slice(0, 2), [
        'Node-0',
        'Node-1',
      ]);
    }
    assert.equal(names('limit=9999').length, MAX_LIMIT);
  });
});
