/** The head of a backend's screen: how it is, since when and why, what comes next, and its controls. */
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { nextSteps } from '../backend-next.ts';
import { actKey, actsUnderWay, checkNow } from '../live/backend-acts.ts';
import { isStale } from '../live/session.ts';
import { stateWords } from '../roll-up.ts';
import { Age, Countdown } from './age.tsx';
import { Icon } from './icon.tsx';
import { ModeButtons } from './mode-buttons.tsx';
import { StateMark } from './state-mark.tsx';
import { WeightStepper } from './weight-stepper.tsx';

interface BackendHeadProps {
  readonly pool: string;
  readonly backend: BackendStatus;
  readonly usesWeights: boolean;
}

export function BackendHead({ pool, backend, usesWeights }: BackendHeadProps) {
  const { name } = backend;
  return (
    <header class="backend-head" data-stale={isStale.value}>
      <div class="backend-title">
        <h1>
          {name}
          <StateMark state={backend.isRemoved ? 'draining' : backend.state} testid="backend-state">
            {stateWords(backend)}
          </StateMark>
        </h1>
        <Address backend={backend} />
      </div>
      <dl class="backend-state">
        <div>
          <dt>Since</dt>
          <dd>
            <Age sinceMs={backend.sinceMs} />
          </dd>
        </div>
        <div class="wide">
          <dt>Reason</dt>
          <dd data-testid="backend-reason" class={backend.state === 'down' ? 'bad' : undefined}>
            {backend.reason === '' ? 'nothing is wrong' : backend.reason}
          </dd>
        </div>
        <div class="wide">
          <dt>Next</dt>
          <dd data-testid="backend-next">
            {nextSteps(backend).map(({ words, atMs }) => (
              <span class="next-step" key={words.replace(/\d+/, '')}>
                {words}
                {atMs === null ? null : (
                  <>
                    {' '}
                    <Countdown atMs={atMs} />
                  </>
                )}
              </span>
            ))}
          </dd>
        </div>
      </dl>
      <div class="backend-controls">
        {backend.isRemoved ? null : (
          <span class="control">
            <span class="control-name">Weight</span>
            <WeightStepper pool={pool} backend={name} applied={backend.weight} hasEffect={usesWeights} />
          </span>
        )}
        <span class="control">
          <span class="control-name">Mode</span>
          <ModeButtons pool={pool} backend={name} applied={backend.mode} isRemoved={backend.isRemoved} />
        </span>
        <CheckNow pool={pool} backend={backend} />
      </div>
    </header>
  );
}

function Address({ backend: { url, name, addresses, isBackup } }: { readonly backend: BackendStatus }) {
  const host = url.replace(/^http:\/\//, '').replace(/\/$/, '');
  const [inUse, ...others] = addresses;
  return (
    <p class="backend-address">
      <code>{host === name ? url : host}</code>
      {inUse !== undefined && !host.includes(inUse) ? (
        <>
          {' is '}
          <code data-testid="backend-addresses">{inUse}</code>
          {others.length === 0 ? null : <span class="minor">, also {others.join(', ')}</span>}
        </>
      ) : null}
      {isBackup ? <span class="tag">backup</span> : null}
    </p>
  );
}

function CheckNow({ pool, backend }: { readonly pool: string; readonly backend: BackendStatus }) {
  const isUnderWay = actsUnderWay.value.has(actKey('check', pool, backend.name));
  const isChecked = !backend.isRemoved && backend.addresses.length > 0;
  return (
    <button
      type="button"
      class="button check-now"
      data-testid="check-now"
      aria-busy={isUnderWay}
      disabled={!isChecked}
      title={isChecked ? 'Check its health at once' : 'It is not checked: it has no address, or is leaving'}
      onClick={() => {
        if (!isUnderWay) void checkNow(pool, backend.name);
      }}
    >
      <Icon name="check" /> {isUnderWay ? 'Checking …' : 'Check now'}
    </button>
  );
}
