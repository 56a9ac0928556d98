/** The configs that were in force since the process started, newest first, and the way back to each. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConfigRevisionRow } from '../../../src/protocol/admin-api.ts';
import { notify } from '../live/notices.ts';
import { getRevision, rollBack } from './config-api.ts';
import { Changes, ConfigDialog, linesOfConfig, type Question, questionOf } from './config-dialog.tsx';
import { config, file, fileName, revisions, wordsOf } from './config-state.ts';
import { DiffView } from './diff-view.tsx';
import { Made } from './drift-panel.tsx';

const KINDS: Readonly<Record<string, string>> = {
  started: 'at the start',
  'config-reloaded': 'reloaded from the file',
  'config-applied': 'applied',
  'config-rolled-back': 'rolled back',
  'change-written': 'a change written down',
};

export function RevisionsView() {
  const compared = useSignal<number | null>(null);
  const question = useSignal<Question | null>(null);
  const current = file.value?.value ?? null;
  const rows = revisions.value;
  const isWritable = current !== null && current.value.writeProblem === null;
  return (
    <section class="panel revisions" aria-label="Revisions">
      {rows.length === 0 && config.value !== null ? (
        <p class="empty">The config did not come from a file: there is nothing to go back to.</p>
      ) : null}
      <ol data-testid="revisions">
        {rows.map((row) => (
          <li key={row.id} class="revision" data-in-force={row.isInForce} data-testid={`revision-${row.id}`}>
            <div class="revision-head">
              <h3>
                Config {row.id} <small>{KINDS[row.kind] ?? row.kind}</small>
              </h3>
              {row.isInForce ? <span class="tag">in force</span> : null}
              <p class="minor">
                <Made atMs={row.atMs} by={row.kind === 'started' ? null : row.origin} />
              </p>
              {row.isInForce ? null : (
                <div class="revision-actions">
                  <button
                    type="button"
                    class="button"
                    aria-expanded={compared.value === row.id}
                    data-testid={`compare-${row.id}`}
                    onClick={() => {
                      compared.value = compared.value === row.id ? null : row.id;
                    }}
                  >
                    Compare <span class="hidden">config {row.id} with the one in force</span>
                  </button>
                  <button
                    type="button"
                    class="button"
                    disabled={!isWritable}
                    data-testid={`roll-back-${row.id}`}
                    onClick={() => {
                      question.value = rollBackQuestion(row, current?.tag ?? null, fileName.value ?? 'the file');
                    }}
                  >
                    Roll back … <span class="hidden">to config {row.id}</span>
                  </button>
                </div>
              )}
            </div>
            {row.changes.length === 0 ? (
              row.kind === 'started' ? null : (
                <p class="minor">Another text with the same meaning.</p>
              )
            ) : (
              <Changes changes={row.changes} atMost={5} />
            )}
            {compared.value === row.id ? <Comparison id={row.id} /> : null}
          </li>
        ))}
      </ol>
      {rows.length > 0 ? (
        <p class="hint">
          The latest 20, since this process started. They are kept in memory: a restart begins anew.
          {isWritable || current === null ? '' : ` None can be brought back: ${current.value.writeProblem}.`}
        </p>
      ) : null}
      {question.value === null ? null : (
        <ConfigDialog
          question={question.value}
          onClose={() => {
            question.value = null;
          }}
        />
      )}
    </section>
  );
}

/** From the text in force to that of the revision: what a rollback would do to the file. */
function Comparison({ id }: { readonly id: number }) {
  const texts = useSignal<{ readonly before: string; readonly after: string } | null>(null);
  const problem = useSignal<string | null>(null);
  const inForce = revisions.value.find((row) => row.isInForce)?.id ?? null;
  useEffect(() => {
    if (inForce === null) return;
    Promise.all([getRevision(inForce), getRevision(id)]).then(
      ([before, after]) => {
        texts.value = { before: before.text, after: after.text };
      },
      (error: unknown) => {
        problem.value = wordsOf(error);
      },
    );
  }, [id, inForce]);
  if (problem.value !== null) return <p class="bad">{problem.value}</p>;
  if (texts.value === null) return <p class="minor">Reading …</p>;
  return <DiffView {...texts.value} label={`From the config in force to config ${id}`} />;
}

function rollBackQuestion({ id }: ConfigRevisionRow, tag: string | null, name: string): Question {
  return questionOf({
    title: `Roll back to config ${id}?`,
    button: 'Roll back',
    sentences: [
      `Its text takes the place of ${name} and is in force at once: all of it, or nothing. The config in force stays among the revisions.`,
    ],
    write: rollBack(id),
    tag,
    linesOf: linesOfConfig,
    onDone: () => notify('good', `Config ${id} is in force again, and in ${name}.`),
  });
}
