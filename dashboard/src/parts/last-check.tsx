/** The last health check of a backend in two lines. The key `c` of its row checks it now. */
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { formatMs } from '../format.ts';
import { checkMany } from '../live/many.ts';
import { Age, Countdown } from './age.tsx';

interface LastCheckProps {
  readonly pool: string;
  readonly backend: BackendStatus;
  readonly isRunning: boolean;
}

export function LastCheck({ pool, backend, isRunning }: LastCheckProps) {
  const check = backend.lastCheck;
  const next = <Countdown atMs={backend.nextCheckMs} isRunning={isRunning} />;
  return (
    <>
      <button type="button" hidden tabIndex={-1} data-key="c" onClick={() => void checkMany(pool, [backend.name])} />
      {check === null ? (
        <>
          <span>none yet</span>
          <span class="minor">next {next}</span>
        </>
      ) : (
        <>
          <span class={check.isPass ? undefined : 'bad'} title={check.detail}>
            {check.isPass ? check.detail : `failed: ${check.detail}`} · {formatMs(check.durationMs)} ms
          </span>
          <span class="minor">
            <Age sinceMs={check.atMs} isRunning={isRunning} /> ago, next {next}
          </span>
        </>
      )}
    </>
  );
}
