/**
 * The story of one tapped request, beside the list: what happened in words, where the time went, who
 * was tried and who could have been, and what was asked.
 */
import { useEffect } from 'preact/hooks';
import { formatBytes, formatDay } from '../format.ts';
import { failureTexts, needFailureTexts } from '../live/failure-texts.ts';
import { useTopic } from '../live/use-topic.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { curlTarget } from '../parts/empty.tsx';
import { Icon } from '../parts/icon.tsx';
import { Shape, StateMark } from '../parts/state-mark.tsx';
import type { FailureCode, TappedAttempt, TappedCandidate, TappedRequest } from '../protocol.ts';
import { backendHref, poolHref } from '../router.ts';
import { areShortcutsOn } from '../shell/keyboard.ts';
import { SYSTEM } from '../topics.ts';
import { CopyButton } from './copy-button.tsx';
import { curlGaps, curlOf, isRedacted, jsonOf } from './request-copy.ts';
import { storyWords } from './story-words.ts';
import { formatInstant, formatTook, statusWord, toneOf } from './tap-format.ts';
import { endMs } from './tapped-list.ts';
import { WaterfallFigure } from './waterfall-figure.tsx';

interface RequestStoryProps {
  readonly request: TappedRequest;
  readonly onClose: () => void;
  /** To the next one in the list; null where there is none. */
  readonly onNewer: (() => void) | null;
  readonly onOlder: (() => void) | null;
}

const textOf = (code: FailureCode) => failureTexts.value.get(code) ?? null;

export function RequestStory({ request, onClose, onNewer, onOlder }: RequestStoryProps) {
  useEffect(needFailureTexts, []);
  const { method, host, target, pool, attempts, candidates, code } = request;
  const [headline, ...more] = storyWords(request, textOf);
  const tone = toneOf(request);
  return (
    <Dialog title="Request" testid="request-story" onClose={onClose}>
      <div
        class="request-story"
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || !areShortcutsOn.value) return;
          if (event.target instanceof Element && event.target.matches('textarea')) return;
          if (event.key === 'j') onOlder?.();
          else if (event.key === 'k') onNewer?.();
        }}
      >
        <div class="story-bar">
          <Step label="Newer" testid="story-newer" onStep={onNewer} />
          <Step label="Older" testid="story-older" onStep={onOlder} />
          <CopyButton label="Copy JSON" text={jsonOf(request)} testid="copy-json" />
          <button type="button" class="icon-button story-close" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <p class="story-target">
          <b>{method}</b> <span>{host}</span>
          {target}
        </p>
        <div class="story-words" data-tone={tone} data-testid="story-words">
          <StateMark state={tone}>{statusWord(request.status)}</StateMark>
          <div>
            <p>{headline}</p>
            {more.map((sentence) => (
              <p key={sentence} class="minor">
                {sentence}
              </p>
            ))}
            {code === null ? null : <p class="code">{code}</p>}
          </div>
        </div>
        <WaterfallFigure request={request} />
        {attempts.length === 0 ? null : <Tries pool={pool} attempts={attempts} />}
        <Choice request={request} />
        {candidates.length === 0 ? null : <Candidates pool={pool} candidates={candidates} attempts={attempts} />}
        <Fields fields={request.fields} />
        <Repeat request={request} />
      </div>
    </Dialog>
  );
}

interface StepProps {
  readonly label: string;
  readonly testid: string;
  readonly onStep: (() => void) | null;
}

/** Never disabled: whoever stands on it at the end of the list must not lose the focus. */
function Step({ label, testid, onStep }: StepProps) {
  return (
    <button
      type="button"
      class="button"
      data-testid={testid}
      aria-disabled={onStep === null}
      onClick={() => onStep?.()}
    >
      {label}
    </button>
  );
}

function Tries({ pool, attempts }: { readonly pool: string | null; readonly attempts: readonly TappedAttempt[] }) {
  return (
    <section aria-labelledby="story-tries">
      <h3 id="story-tries">Tries</h3>
      <ol class="story-list" data-testid="story-tries">
        {attempts.map((attempt, index) => (
          <li key={index}>
            <span class="story-name">
              <span class="minor">{index + 1}</span> <BackendLink pool={pool} backend={attempt.backend} />
            </span>
            <span class="story-outcome">
              <StateMark state={attempt.code === null ? toneOf(attempt) : 'bad'}>
                {attempt.status === 0 ? 'no answer' : String(attempt.status)}
              </StateMark>
              <span class="n">{formatTook(attempt.endMs - attempt.startMs)}</span>
              <span class="minor">{attempt.isReused ? 'kept-alive connection' : 'new connection'}</span>
              {attempt.code === null ? null : (
                <span class="story-failure">
                  {textOf(attempt.code)?.text ?? ''} <span class="code">{attempt.code}</span>
                  {attempt.detail === '' ? null : <span class="code minor"> {attempt.detail}</span>}
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function BackendLink({ pool, backend }: { readonly pool: string | null; readonly backend: string }) {
  return pool === null ? <b>{backend}</b> : <a href={backendHref(pool, backend)}>{backend}</a>;
}

function Choice({ request }: { readonly request: TappedRequest }) {
  const { route, pool, policy, client, version, worker, atMs, bytesIn, bytesOut } = request;
  return (
    <dl class="story-facts">
      <div>
        <dt>Route</dt>
        <dd data-testid="story-route">{route === null ? 'none took it' : <a href="#/routes">number {route}</a>}</dd>
      </div>
      <div>
        <dt>Pool</dt>
        <dd>{pool === null ? 'none' : <a href={poolHref(pool)}>{pool}</a>}</dd>
      </div>
      <div>
        <dt>Policy</dt>
        <dd>{policy ?? 'not asked'}</dd>
      </div>
      <div>
        <dt>Client</dt>
        <dd>{client}</dd>
      </div>
      <div>
        <dt>Protocol</dt>
        <dd>HTTP/{version}</dd>
      </div>
      <div>
        <dt>Worker</dt>
        <dd>{worker}</dd>
      </div>
      <div title={formatDay(atMs)}>
        <dt>Began</dt>
        <dd>{formatInstant(atMs)}</dd>
      </div>
      <div>
        <dt>Ended</dt>
        <dd>{formatInstant(endMs(request))}</dd>
      </div>
      <div title="Bytes of the bodies: from the client, to the client">
        <dt>In, out</dt>
        <dd>
          {formatBytes(bytesIn)}, {formatBytes(bytesOut)}
        </dd>
      </div>
    </dl>
  );
}

const ROLES: Readonly<
  Record<TappedCandidate['role'], { readonly state: 'good' | 'info' | 'warning'; readonly words: string }>
> = {
  candidate: { state: 'good', words: 'candidate' },
  reserve: { state: 'info', words: 'reserve' },
  out: { state: 'warning', words: 'out' },
};

interface CandidatesProps {
  readonly pool: string | null;
  readonly candidates: readonly TappedCandidate[];
  readonly attempts: readonly TappedAttempt[];
}

function Candidates({ pool, candidates, attempts }: CandidatesProps) {
  const count = (role: TappedCandidate['role']): number => candidates.filter((one) => one.role === role).length;
  const tried = new Set(attempts.map(({ backend }) => backend));
  return (
    <section aria-labelledby="story-candidates">
      <h3 id="story-candidates">
        Who could have had it{' '}
        <small>
          {count('candidate')} candidates, {count('reserve')} in reserve, {count('out')} out
        </small>
      </h3>
      <ul class="story-list" data-testid="story-candidates">
        {candidates.map(({ backend, role, reason }) => (
          <li key={backend}>
            <span class="story-name">
              <BackendLink pool={pool} backend={backend} />
            </span>
            <span class="story-outcome">
              <span class="state">
                <span data-state={ROLES[role].state}>
                  <Shape of={ROLES[role].state} />
                </span>
                {ROLES[role].words}
              </span>
              {tried.has(backend) ? <span class="minor">tried</span> : null}
              {reason === '' ? null : <span class="minor">{reason}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Fields({ fields }: { readonly fields: TappedRequest['fields'] }) {
  return (
    <section aria-labelledby="story-fields">
      <h3 id="story-fields">
        Fields <small>as they came; what may be secret is redacted</small>
      </h3>
      {fields.length === 0 ? (
        <p class="minor">None could be read.</p>
      ) : (
        <dl class="story-fields" data-testid="story-fields">
          {fields.map(([name, value], index) => (
            <div key={index}>
              <dt>{name}</dt>
              <dd>{isRedacted(value) ? <Redacted value={value} /> : value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Redacted({ value }: { readonly value: string }) {
  return (
    <span class="redacted">
      <span aria-hidden="true">{value}</span> <small>redacted</small>
    </span>
  );
}

function Repeat({ request }: { readonly request: TappedRequest }) {
  const listener = useTopic(SYSTEM)?.fields.listeners[0];
  if (listener === undefined || request.method === '') return null;
  const command = curlOf(request, curlTarget(listener.address, location.hostname));
  const gaps = curlGaps(request);
  return (
    <section aria-labelledby="story-curl">
      <h3 id="story-curl">
        Ask it again <small>{gaps}</small>
      </h3>
      <CopyLine label="curl" text={command} testid="story-curl" />
    </section>
  );
}
