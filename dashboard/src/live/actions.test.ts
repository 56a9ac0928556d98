import { beforeEach, describe, expect, it, vi } from 'vitest';

const written: string[] = [];
let finish: (() => void)[] = [];

vi.mock('./api.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  patchPool: (_pool: string, { policy }: { policy: string }) => {
    written.push(policy);
    return new Promise<void>((resolve) => finish.push(resolve));
  },
}));

const { changePolicy, keyOf, pending } = await import('./actions.ts');
const { latest } = await import('./session.ts');
const { applyMessage } = await import('../store.ts');
const { poolTopic } = await import('../topics.ts');
const { pool, snapshot } = await import('../test-data.ts');

/** The live picture as far as the menu looks at it. */
function show(policy: string): void {
  const outcome = applyMessage(latest.value, snapshot({ [poolTopic('web')]: pool('web', [], { policy }) }));
  if (outcome.kind === 'applied') latest.value = outcome.model;
}

describe('a second choice while the first is under way', () => {
  beforeEach(() => {
    written.length = 0;
    finish = [];
  });

  it('waits for the first, and only the latest of them is carried out', async () => {
    show('round-robin');
    const first = changePolicy('web', 'least-connections');
    const second = changePolicy('web', 'weighted-round-robin');
    const third = changePolicy('web', 'round-robin');
    await expect(second).resolves.toBe(false);
    expect(pending.value.get(keyOf('policy', 'web'))).toBe('round-robin');
    expect(written).toEqual(['least-connections']);
    finish[0]?.();
    await vi.waitFor(() => expect(finish).toHaveLength(1));
    show('least-connections');
    await expect(first).resolves.toBe(true);
    await vi.waitFor(() => expect(written).toEqual(['least-connections', 'round-robin']));
    finish[1]?.();
    show('round-robin');
    await expect(third).resolves.toBe(true);
    expect(pending.value.size).toBe(0);
  });
});
