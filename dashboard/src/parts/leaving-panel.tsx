/**
 * How far a backend has come that takes no new requests: what is left, until when, and the way to
 * end that at once. Not there while it takes requests, or has nothing left.
 */
import { useSignal } from '@preact/signals';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { cutSentences, isLeaving, leavingProgress } from '../backend-next.ts';
import { formatWhole } from '../format.ts';
import { actKey, actsUnderWay, cut } from '../live/backend-acts.ts';
import { isStale } from '../live/session.ts';
import { Countdown } from './age.tsx';
import { Dialog } from './dialog.tsx';

interface LeavingPanelProps {
  readonly pool: string;
  readonly backend: BackendStatus;
}

export function LeavingPanel({ pool, backend }: LeavingPanelProps) {
  const isAsking = useSignal(false);
  const progress = isLeaving(backend) ? leavingProgress(backend) : null;
  if (progress === null) return null;
  const { inFlight, cutAtMs } = backend;
  const { done, of } = progress;
  const isPending = actsUnderWay.value.has(actKey('cut', pool, backend.name));
  const words = `${formatWhole(done)} of ${formatWhole(of)} finished, ${formatWhole(inFlight)} left`;
  return (
    <section class="panel leaving" aria-label="Leaving" data-testid="leaving" data-stale={isStale.value}>
      <div class="leaving-words">
        <b data-testid="leaving-progress">{words}</b>
        <span class="minor">
          {inFlight === 0 ? (
            'nothing is in flight any more'
          ) : cutAtMs === null ? (
            'no time limit'
          ) : (
            <>
              what is left then is cut <Countdown atMs={cutAtMs} />
            </>
          )}
        </span>
      </div>
      <progress max={of} value={done} aria-label="Requests finished of those in flight when it began to leave" />
      <button
        type="button"
        class="button"
        data-testid="cut"
        disabled={inFlight === 0}
        aria-busy={isPending}
        onClick={() => {
          isAsking.value = true;
        }}
      >
        Cut the remaining
      </button>
      {isAsking.value ? (
        <CutDialog
          pool={pool}
          backend={backend}
          onClose={() => {
            isAsking.value = false;
          }}
        />
      ) : null}
    </section>
  );
}

/** The figures stay live while it is open. */
function CutDialog({ pool, backend, onClose }: LeavingPanelProps & { readonly onClose: () => void }) {
  const { name, inFlight } = backend;
  return (
    <Dialog title={`Cut what ${pool}/${name} has in flight?`} testid="cut-dialog" onClose={onClose}>
      {cutSentences(inFlight).map((sentence) => (
        <p key={sentence.slice(-20)}>{sentence}</p>
      ))}
      <div class="dialog-buttons">
        <button type="button" class="button" data-testid="cut-cancel" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="button primary danger"
          data-testid="cut-ok"
          aria-disabled={inFlight === 0}
          onClick={() => {
            if (inFlight === 0) return;
            onClose();
            void cut(pool, name);
          }}
        >
          Cut {formatWhole(inFlight)}
        </button>
      </div>
    </Dialog>
  );
}
