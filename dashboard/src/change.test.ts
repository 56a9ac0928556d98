import { expect, test } from 'vitest';
import type { DryRun } from '../../src/protocol/admin-api.ts';
import { type Change, changedSince, isSamePreview, requestOf, undoOf } from './change.ts';
import { preview } from './test-data.ts';

const drain = (...backends: readonly string[]): Change => ({ kind: 'mode', pool: 'a/b', backends, mode: 'drain' });
const former = (...names: readonly string[]): DryRun['former'] => ({
  policy: null,
  backends: names.map((name) => ({ name, url: `http://${name}:80`, weight: 2, mode: 'ready' })),
});

test('one backend is changed at its own address, several at that of all', () => {
  expect(requestOf(drain('x y'))).toEqual({
    method: 'PATCH',
    path: 'api/v1/pools/a%2Fb/backends/x%20y',
    body: { mode: 'drain' },
  });
  expect(requestOf(drain('x', 'y'))).toEqual({
    method: 'PATCH',
    path: 'api/v1/pools/a%2Fb/backends',
    body: { backends: ['x', 'y'], mode: 'drain' },
  });
});

test('what takes a change back is the former value, for each group that had the same', () => {
  const mixed = {
    policy: null,
    backends: [...former('x', 'y').backends, { ...former('z').backends[0], mode: 'maintenance' }],
  };
  expect(undoOf(drain('x', 'y', 'z'), mixed as DryRun['former'], null)).toEqual([
    { kind: 'mode', pool: 'a/b', backends: ['x', 'y'], mode: 'ready' },
    { kind: 'mode', pool: 'a/b', backends: ['z'], mode: 'maintenance' },
  ]);
  expect(undoOf({ kind: 'policy', pool: 'p', policy: 'new' }, { policy: 'old', backends: [] }, null)).toEqual([
    { kind: 'policy', pool: 'p', policy: 'old' },
  ]);
  expect(undoOf({ kind: 'add', pool: 'p', addition: { url: 'http://h:1' } }, former(), 'h:1')).toEqual([
    { kind: 'remove', pool: 'p', backend: 'h:1' },
  ]);
  const gone = { policy: null, backends: [{ name: 'x', url: 'http://x:80', weight: 2, mode: 'drain' as const }] };
  expect(undoOf({ kind: 'remove', pool: 'p', backend: 'x' }, gone, null)).toEqual([
    { kind: 'add', pool: 'p', addition: { url: 'http://x:80', name: 'x', weight: 2 } },
    { kind: 'mode', pool: 'p', backends: ['x'], mode: 'drain' },
  ]);
});

test('what somebody else has changed since is told from what the change has left', () => {
  const now = { policy: null, backends: [{ name: 'x', url: '', weight: 1, mode: 'maintenance' as const }] };
  expect(changedSince(drain('x'), now).map(({ name }) => name)).toEqual(['x']);
  expect(changedSince({ ...drain('x'), mode: 'maintenance' } as Change, now)).toEqual([]);
});

test('a preview is the same where only what is in flight has moved', () => {
  expect(isSamePreview(preview({ inFlight: 1 }), preview({ inFlight: 9, tag: '"2"' }))).toBe(true);
  expect(isSamePreview(preview({}), preview({ changes: ['backend b1: mode maintenance → drain'] }))).toBe(false);
  expect(isSamePreview(preview({}), preview({ available: { before: 2, after: 1 } }))).toBe(false);
});
