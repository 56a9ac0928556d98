/** The process and its threads: how busy they are, what they hold and may hold, what they are built of. */
import { useTopic } from '../live/use-topic.ts';
import { Age } from '../parts/age.tsx';
import { Icon } from '../parts/icon.tsx';
import { ProcessPanels } from '../parts/process-panels.tsx';
import { Shape, StateMark } from '../parts/state-mark.tsx';
import { ThreadsTable } from '../parts/threads-table.tsx';
import type { ProcessFields } from '../protocol.ts';
import { PROCESS, WORKERS } from '../topics.ts';

export function SystemScreen() {
  const fields = useTopic(PROCESS)?.fields;
  const workers = useTopic(WORKERS)?.rows ?? [];
  return (
    <main class="screen system" id="screen" tabIndex={-1} aria-busy={fields === undefined}>
      <header class="screen-head">
        <h1>System</h1>
        <BundleLink />
      </header>
      {fields === undefined ? null : (
        <>
          <Troubles fields={fields} />
          <section class="panel threads-panel" aria-label="Threads">
            <ThreadsTable workers={workers} controlPlane={fields.controlPlane} startedAtMs={fields.startedAtMs} />
          </section>
          <ProcessPanels fields={fields} workers={workers} />
        </>
      )}
    </main>
  );
}

/** The browser does the work: what the server refuses, it shows among its downloads. */
function BundleLink() {
  return (
    <div class="bundle">
      <p class="hint" id="bundle-hint">
        One file with config, status, events, log and figures. Tokens are left out, and nothing is sent anywhere.
      </p>
      <a class="button" href="api/v1/support-bundle" download data-testid="bundle" aria-describedby="bundle-hint">
        <Icon name="download" /> Support bundle
      </a>
    </div>
  );
}

const HANDOVER_WORDS = {
  'under-way': 'A restart is under way: a new process is being started to take the ports over.',
  'handed-over': 'A new process serves. This one finishes what it has, and ends.',
} as const;

/** What this machine falls short of, and a restart that is under way. */
function Troubles({ fields: { shortages, handover } }: { readonly fields: ProcessFields }) {
  return (
    <section class="attention" aria-label="Shortages" data-testid="shortages" data-count={shortages.length}>
      {handover === 'none' ? null : (
        <p class="calm">
          <span class="state" data-state="draining">
            <Shape of="draining" />
          </span>
          {HANDOVER_WORDS[handover]}
        </p>
      )}
      {shortages.length === 0 ? (
        <p class="calm">
          <span class="state" data-state="up">
            <Shape of="up" />
          </span>
          Nothing runs short: connections, file descriptors, local ports and memory suffice.
        </p>
      ) : (
        <>
          <h2>Running short</h2>
          <ul>
            {shortages.map(({ code, text, sinceMs, count }) => (
              <li key={code} class="shortage">
                <StateMark state="bad">{code}</StateMark>
                <span>
                  {text}
                  <span class="minor">
                    {' '}
                    for <Age sinceMs={sinceMs} />, {count === 1 ? 'once' : `${count} times`}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
