/** What somebody should look at now, worst first, with what can be done about it at once. */
import { actKey, actsUnderWay, checkNow } from '../live/backend-acts.ts';
import { isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import type { AttentionRow } from '../protocol.ts';
import { backendHref, poolHref } from '../router.ts';
import { ATTENTION } from '../topics.ts';
import { Age, Countdown } from './age.tsx';
import { ask } from './confirm.tsx';
import { Shape, StateMark } from './state-mark.tsx';

export function Attention() {
  const topic = useTopic(ATTENTION);
  const count = topic?.fields.count ?? 0;
  const rows = topic?.rows ?? [];
  return (
    <section
      class="attention"
      aria-label="Needs attention"
      aria-busy={topic == null}
      data-testid="attention"
      data-count={count}
      data-stale={isStale.value}
    >
      {count === 0 ? (
        <p class="calm">
          {topic == null ? null : (
            <>
              <span class="state" data-state="up">
                <Shape of="up" />
              </span>
              Nothing needs attention.
            </>
          )}
        </p>
      ) : (
        <>
          <h2>Needs attention</h2>
          <ul>
            {rows.map((row) => (
              <AttentionItem key={row.name} row={row} />
            ))}
          </ul>
          {count > rows.length ? (
            <p>
              and {count - rows.length} more: <a href="#/pools?sort=state">pools by state</a>
            </p>
          ) : null}
        </>
      )}
    </section>
  );
}

function AttentionItem({ row }: { readonly row: AttentionRow }) {
  const { pool, backend, state, name, reason, sinceMs } = row;
  return (
    <li data-row tabIndex={-1}>
      <StateMark state={state}>{state}</StateMark>
      <a href={backend === null ? poolHref(pool) : backendHref(pool, backend)} data-open>
        {name}
      </a>
      <span class="attention-reason">
        {reason}
        {sinceMs === null ? null : (
          <span class="minor">
            {' '}
            for <Age sinceMs={sinceMs} />, next check <Countdown atMs={row.nextCheckMs} />
          </span>
        )}
      </span>
      {backend === null ? <span /> : <BackendActs pool={pool} backend={backend} name={name} />}
    </li>
  );
}

interface BackendActsProps {
  readonly pool: string;
  readonly backend: string;
  readonly name: string;
}

function BackendActs({ pool, backend, name }: BackendActsProps) {
  const isChecking = actsUnderWay.value.has(actKey('check', pool, backend));
  return (
    <span class="attention-acts">
      <button
        type="button"
        class="button"
        data-key="c"
        aria-disabled={isChecking}
        aria-label={`Check ${name} now`}
        onClick={() => {
          if (!isChecking) void checkNow(pool, backend);
        }}
      >
        {isChecking ? 'Checking …' : 'Check now'}
      </button>
      <button
        type="button"
        class="button"
        data-key="m"
        aria-label={`Maintenance of ${name}`}
        onClick={() => ask('maintenance', pool, backend)}
      >
        Maintenance
      </button>
    </span>
  );
}
