/**
 * A config to be: edited or pasted, checked as `ballast check` does, held against what is in force,
 * and applied. Nothing here is in force before the server says so.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConfigRevisionText } from '../../../src/protocol/admin-api.ts';
import { plural } from '../format.ts';
import type { ConfigDiagnostic } from '../live/api.ts';
import { notify } from '../live/notices.ts';
import { Icon } from '../parts/icon.tsx';
import { Shape } from '../parts/state-mark.tsx';
import { applyText, type CheckedText, checkText, getRevision } from './config-api.ts';
import { Changes, ConfigDialog, linesOfConfig, type Question, questionOf } from './config-dialog.tsx';
import { checked, config, draft, file, fileName, loadFile, revisions, wantedLine, wordsOf } from './config-state.ts';
import { DiffView } from './diff-view.tsx';
import { Problems } from './problems.tsx';
import { type Goal, TextEditor } from './text-editor.tsx';

export function EditorView() {
  const goal = useSignal<Goal | null>(null);
  const question = useSignal<Question | null>(null);
  const isChecking = useSignal(false);
  const problem = useSignal<string | null>(null);
  const current = file.value?.value ?? null;
  const { value: now } = draft;
  const text = now?.text ?? '';
  const isSame = checked.value?.text === text;
  const result = isSame ? (checked.value?.result ?? null) : null;
  const isChanged = now !== null && now.text !== now.loaded;
  const isOvertaken = now !== null && current !== null && now.tag !== current.tag;

  useEffect(() => {
    const kept = draft.peek();
    const isOwn = kept !== null && (kept.text !== kept.loaded || kept.from !== 'the file');
    // What somebody is writing stays.
    if (!isOwn) loadFile();
  }, [current?.tag]);
  const line = wantedLine.value;
  useEffect(() => {
    if (line === null || draft.peek() === null) return;
    goal.value = { line, column: 1 };
    wantedLine.value = null;
  }, [line, now?.loaded]);

  const check = async (): Promise<void> => {
    isChecking.value = true;
    problem.value = null;
    try {
      checked.value = { text, result: await checkText(text) };
    } catch (error) {
      checked.value = null;
      problem.value = wordsOf(error);
    } finally {
      isChecking.value = false;
    }
  };
  const open = ({ line: at, column }: ConfigDiagnostic): void => {
    goal.value = { line: at, column };
  };
  const canApply = current !== null;
  return (
    <section class="edit" aria-label="Edit and check a config">
      <div class="edit-main">
        <header class="section-head edit-head">
          <p class="edit-state" role="status" data-testid="draft-state">
            {now === null ? (
              'Paste a config, or write one.'
            ) : (
              <>
                {now.from === 'the file' ? (fileName.value ?? 'the file') : now.from}
                {isChanged ? ', edited' : ''}
                {isOvertaken ? <span class="bad"> — the file has changed since</span> : null}
              </>
            )}
          </p>
          {canApply ? (
            <button type="button" class="button" data-testid="load-file" onClick={loadFile}>
              Load the current file
            </button>
          ) : null}
          <button
            type="button"
            class="button"
            data-testid="check-config"
            aria-disabled={isChecking.value || text === ''}
            onClick={() => {
              if (!isChecking.value && text !== '') void check();
            }}
          >
            {isChecking.value ? 'Checking …' : 'Check'}
          </button>
          {canApply ? (
            <button
              type="button"
              class="button primary"
              data-testid="apply-config"
              disabled={current.value.writeProblem !== null || text === ''}
              onClick={() => {
                question.value = applyQuestion(text, now?.tag ?? current.tag, fileName.value ?? 'the file');
              }}
            >
              Apply …
            </button>
          ) : null}
        </header>
        <TextEditor
          label="Config text"
          text={text}
          diagnostics={result?.diagnostics ?? []}
          goal={goal.value}
          onInput={(next) => {
            const from = draft.peek();
            draft.value =
              from === null
                ? { text: next, tag: current?.tag ?? '', loaded: '', from: 'Pasted' }
                : { ...from, text: next };
          }}
        />
        <p class="hint">
          Variables stay as they are written.{' '}
          {text.includes('<hidden:') ? 'A secret is shown as <hidden:…> and stays what it is. ' : ''}
          {!canApply && config.value !== null
            ? 'The config did not come from a file: it can be checked here, and not applied.'
            : (current?.value.writeProblem ?? null) === null
              ? ''
              : `It can be checked here, and not applied: ${current?.value.writeProblem}.`}
        </p>
      </div>
      <div class="edit-side panel" aria-live="polite">
        {problem.value === null ? null : (
          <p class="empty bad">
            <Icon name="alert" /> {problem.value}
          </p>
        )}
        {result === null && problem.value === null ? (
          <div class="empty">
            <p>
              <b>Check</b> says what is wrong with the text, with the line, or what it would change.
            </p>
            <p>
              <b>Apply</b> puts it into the file and in force in one step: all of it, or nothing. What was in force
              before is among the revisions.
            </p>
          </div>
        ) : null}
        {result === null ? null : <Result result={result} text={text} onOpen={open} />}
      </div>
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

interface ResultProps {
  readonly result: CheckedText;
  readonly text: string;
  readonly onOpen: (diagnostic: ConfigDiagnostic) => void;
}

function Result({ result, text, onOpen }: ResultProps) {
  const { ok, diagnostics, moreDiagnostics, changes, overruled } = result;
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length + (ok ? 0 : moreDiagnostics);
  const warnings = diagnostics.length - errors + (ok ? moreDiagnostics : 0);
  const words = [
    errors > 0 ? plural(errors, 'error') : 'No errors',
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return (
    <div class="result">
      <h2 class="result-head" data-state={ok ? 'good' : 'bad'} data-testid="check-result">
        <Shape of={ok ? 'good' : 'bad'} />
        {words.join(', ')}
      </h2>
      <Problems diagnostics={diagnostics} more={moreDiagnostics} onOpen={onOpen} />
      {changes === null ? null : (
        <>
          <h3>Against what is in force</h3>
          {changes.length === 0 ? (
            <p class="minor">Nothing changes: it means the same.</p>
          ) : (
            <Changes changes={changes} atMost={30} />
          )}
          {overruled.map((one) => (
            <p key={one} class="coming-warning">
              <Icon name="alert" />
              <span>{one}.</span>
            </p>
          ))}
          <InForceDiff text={text} />
        </>
      )}
    </div>
  );
}

/** The text against that which is in force. */
function InForceDiff({ text }: { readonly text: string }) {
  const inForce = useSignal<ConfigRevisionText | null>(null);
  const id = revisions.value.find(({ isInForce }) => isInForce)?.id ?? null;
  useEffect(() => {
    if (id === null) return;
    getRevision(id).then(
      (revision) => {
        inForce.value = revision;
      },
      // The words above say what matters.
      () => {},
    );
  }, [id]);
  if (inForce.value === null || inForce.value.id !== id) return null;
  return <DiffView before={inForce.value.text} after={text} label="Text" />;
}

function applyQuestion(text: string, tag: string, name: string): Question {
  return questionOf({
    title: `Apply this config?`,
    button: 'Apply',
    sentences: [`It takes the place of ${name} and is in force at once: all of it, or nothing.`],
    write: applyText(text),
    tag,
    linesOf: linesOfConfig,
    onDone: ({ changes, hash }) => {
      const from = { text, tag: `"${hash ?? ''}"`, loaded: text, from: 'the file' };
      draft.value = from;
      checked.value = null;
      const words = changes.length === 0 ? 'it means what was in force' : plural(changes.length, 'change');
      notify('good', `The config is in force and in ${name}: ${words}.`);
    },
  });
}
