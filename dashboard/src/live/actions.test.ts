import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change, Preview, Written } from '../change.ts';
import { preview } from '../test-data.ts';
import { ApiError } from './api.ts';

/** What the server would answer, in turn; an error is thrown. */
let previews: Preview[] = [];
let answers: (Partial<Written> | Error)[] = [];
const written: string[] = [];

vi.mock('./api.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  previewChange: async () => previews.shift() ?? preview({}),
  writeChange: async (change: Change, tag: string | null) => {
    written.push(`${JSON.stringify('backends' in change ? change.backends : change.kind)} ${tag}`);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return { tag: '"9"', persisted: true, name: null, changed: null, refused: [], ...answer };
  },
}));

const { carryOut, changeWeight, make, pending } = await import('./actions.ts');
const { makeMany } = await import('./many.ts');
const { notices, undoNotice } = await import('./notices.ts');

const DRAIN: Change = { kind: 'mode', pool: 'web', backends: ['b1'], mode: 'drain' };
const conflict = (): ApiError => new ApiError(412, 'settings-changed', 'The settings have changed.');
const former = (mode: 'ready' | 'drain' | 'maintenance', ...names: string[]): Preview['former'] => ({
  policy: null,
  backends: names.map((name) => ({ name, url: '', weight: 1, mode })),
});
const told = (): string => notices.value.map(({ text }) => text).join('\n');

beforeEach(() => {
  previews = [];
  answers = [];
  written.length = 0;
  notices.value = [];
  pending.value = new Map();
});

describe('a change', () => {
  it('is made for the settings that were seen', async () => {
    const outcome = await carryOut(DRAIN, preview({ tag: '"7"' }));
    expect(outcome.kind).toBe('done');
    expect(written).toEqual(['["b1"] "7"']);
  });

  it('goes on where others were changed and the same would come of it', async () => {
    answers = [conflict()];
    previews = [preview({ tag: '"8"', inFlight: 5 })];
    expect((await carryOut(DRAIN, preview({ tag: '"7"' }))).kind).toBe('done');
    expect(written).toEqual(['["b1"] "7"', '["b1"] "8"']);
  });

  it('is not made where something else would come of it, and says what', async () => {
    answers = [conflict()];
    previews = [preview({ available: { before: 2, after: 1 } })];
    const outcome = await carryOut(DRAIN, preview({}));
    expect(outcome).toMatchObject({ kind: 'changed', preview: { available: { after: 1 } } });
    expect(written).toHaveLength(1);
    expect(pending.value.size).toBe(0);
  });

  it('that was refused is not under way any more', async () => {
    answers = [new ApiError(409, 'backend-removed', 'backend b1 is being removed')];
    expect(await carryOut(DRAIN, preview({}))).toEqual({ kind: 'refused', text: 'backend b1 is being removed' });
    expect(pending.value.size).toBe(0);
  });

  it('can be taken back, unless somebody else has been there since', async () => {
    await make(DRAIN, preview({}));
    expect(told()).toBe('web/b1: drain, was ready. Saved.');
    previews = [preview({ tag: '"10"', former: former('maintenance', 'b1') })];
    undoNotice(notices.value[0]?.id ?? 0);
    await vi.waitFor(() => expect(told()).toContain('somebody changed this since, it is maintenance now'));
    expect(written).toHaveLength(1);

    notices.value = [];
    await make(DRAIN, preview({}));
    previews = [preview({ tag: '"10"', former: former('drain', 'b1') })];
    undoNotice(notices.value[0]?.id ?? 0);
    await vi.waitFor(() => expect(told()).toContain('taken back'));
    expect(written.at(-1)).toBe('["b1"] "10"');
  });
});

describe('a weight that is set in its row', () => {
  it('is not set where another one stands there by now', async () => {
    previews = [preview({ former: former('ready', 'b1') })];
    expect(await changeWeight('web', 'b1', 5, 3)).toBe(false);
    expect(told()).toContain('somebody changed this since, it is weight 1 now');
    expect(written).toEqual([]);
  });
});

describe('a change of many', () => {
  const names = Array.from({ length: 60 }, (_, index) => `b${index}`);
  const many = { kind: 'mode', pool: 'web', backends: names, mode: 'drain' } as const;
  const controls = { onProgress: () => {}, isStopped: () => false };

  it('is made a few at a time, each for the settings that the last has left', async () => {
    const seen: number[] = [];
    const end = await makeMany(many, preview({ tag: '"1"', former: former('ready', ...names) }), {
      ...controls,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(end).toMatchObject({ total: 60, done: 60, failed: [], isOver: true });
    expect(written.map((line) => line.split(' ').at(-1))).toEqual(['"1"', '"9"', '"9"']);
    expect(seen).toEqual([25, 50, 60, 60]);
    expect(told()).toContain('60 backends of web: drain, was ready');
  });

  it('tells one by one on which it was not made, and goes on with the rest', async () => {
    const refused = [{ backend: 'b1', code: 'backend-removed', detail: 'backend b1 is being removed' }];
    answers = [{ refused }, conflict()];
    previews = [
      preview({
        tag: '"5"',
        former: {
          policy: null,
          backends: [...former('ready', ...names.slice(26)).backends, ...former('maintenance', 'b25').backends],
        },
      }),
    ];
    const end = await makeMany(many, preview({ former: former('ready', ...names) }), controls);
    expect(end.done).toBe(58);
    expect(end.failed).toEqual([
      { backend: 'b1', why: 'backend b1 is being removed' },
      { backend: 'b25', why: 'somebody changed it since: maintenance now' },
    ]);
    expect(written.at(-1)).toContain('"9"');
  });

  it('stops where it is told to, and says so of nobody else', async () => {
    let isStopped = false;
    const end = await makeMany(many, preview({ former: former('ready', ...names) }), {
      onProgress: () => {
        isStopped = true;
      },
      isStopped: () => isStopped,
    });
    expect(end).toMatchObject({ done: 25, failed: [], isOver: true });
  });
});
