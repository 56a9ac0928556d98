/**
 * The choice of a policy: each with its line of help, and for the one that is looked at the shares
 * that it would give if it were applied now, against what each backend gets. Stands once in the page.
 */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { SharePreview } from '../../../src/protocol/admin-api.ts';
import type { Change } from '../change.ts';
import { changedWords } from '../consequence.ts';
import { make, refusalOf } from '../live/actions.ts';
import { getShares } from '../live/api.ts';
import { latest } from '../live/session.ts';
import { usePreview } from '../live/use-preview.ts';
import { useTopic } from '../live/use-topic.ts';
import { poolOf } from '../store.ts';
import { poolWithoutRows, SYSTEM } from '../topics.ts';
import { Dialog } from './dialog.tsx';
import { SharePreviewTable } from './share-preview.tsx';

/** Shares move with the load. */
const REFRESH_MS = 3_000;

const asked = signal<string | null>(null);

export function choosePolicyFor(pool: string): void {
  asked.value = pool;
}

const close = (): void => {
  asked.value = null;
};

export function PolicyDialog() {
  const pool = asked.value;
  return pool === null ? null : <Choice key={pool} pool={pool} />;
}

function Choice({ pool }: { readonly pool: string }) {
  useTopic(poolWithoutRows(pool));
  const policies = useTopic(SYSTEM)?.fields.policies ?? [];
  const applied = poolOf(latest.value, pool)?.policy ?? '';
  const [choice, setChoice] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const looked = choice ?? applied;
  const change: Change | null = looked === applied || looked === '' ? null : { kind: 'policy', pool, policy: looked };
  const { preview, problem, news, isFresh, tell } = usePreview(change);
  const { shares, problem: sharesProblem } = useShares(pool, looked);
  const mayGo = change !== null && preview !== null && preview.changes.length > 0 && !isFresh && !isBusy;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!mayGo || change === null || preview === null) return;
    setBusy(true);
    setRefusal('');
    const outcome = await make(change, preview);
    setBusy(false);
    if (outcome.kind === 'done') close();
    else if (outcome.kind === 'changed') tell(outcome.preview);
    else setRefusal(outcome.text);
  };
  const words =
    news !== '' || preview === null ? news : preview.changes.length === 0 ? changedWords(preview, preview) : '';
  return (
    <Dialog title={`Policy of ${pool}`} testid="policy-dialog" isWide onClose={close}>
      <form class="form policy-form" onSubmit={(event) => void submit(event)}>
        <fieldset class="policies">
          <legend class="hidden">Policy</legend>
          {policies.map(({ name, summary }) => (
            <label key={name} class="policy-option">
              <input
                type="radio"
                name="policy"
                value={name}
                checked={name === looked}
                autoFocus={name === applied}
                data-testid={`policy-${name}`}
                onChange={() => setChoice(name)}
              />
              <span>
                <b>{name}</b>
                {name === applied ? <small class="applied"> in force</small> : null}
                <small>{summary}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <SharePreviewTable policy={looked} isApplied={looked === applied} shares={shares} />
        <p class="form-error" role="alert">
          {[refusal, problem, sharesProblem, words].find((text) => text !== null && text !== '') ?? ''}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" data-testid="policy-cancel" onClick={close}>
            {change === null ? 'Close' : 'Cancel'}
          </button>
          <button type="submit" class="button primary" aria-disabled={!mayGo} data-testid="policy-apply">
            {isBusy ? 'Applying …' : 'Apply'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface Shares {
  /** Of the policy that was looked at last, until those of this one have come. */
  readonly shares: SharePreview | null;
  readonly problem: string | null;
}

function useShares(pool: string, policy: string): Shares {
  const [state, setState] = useState<Shares>({ shares: null, problem: null });
  useEffect(() => {
    if (policy === '') return undefined;
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const shares = await getShares(pool, policy);
        if (!isOver) setState({ shares, problem: null });
      } catch (error) {
        if (!isOver) setState({ shares: null, problem: refusalOf(error) });
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [pool, policy]);
  return state;
}
