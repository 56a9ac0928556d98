/** The config in force: where each value is from, what was changed since, and a place to check and apply another one. */
import { useSignal } from '@preact/signals';
import { reload } from '../config/config-api.ts';
import { ConfigDialog, linesOfConfig, type Question, questionOf } from '../config/config-dialog.tsx';
import {
  config,
  draft,
  file,
  fileName,
  loadFile,
  problem,
  revisions,
  useConfig,
  wantedLine,
} from '../config/config-state.ts';
import { DriftPanel } from '../config/drift-panel.tsx';
import { EditorView } from '../config/editor-view.tsx';
import { EffectiveView } from '../config/effective-view.tsx';
import { RevisionsView } from '../config/revisions-view.tsx';
import { plural } from '../format.ts';
import { notify } from '../live/notices.ts';
import { Icon } from '../parts/icon.tsx';
import { place, setOption } from '../router.ts';

const VIEWS = [
  { key: 'in-force', words: 'In force' },
  { key: 'edit', words: 'Edit and check' },
  { key: 'revisions', words: 'Revisions' },
] as const;

export function ConfigScreen() {
  useConfig();
  const question = useSignal<Question | null>(null);
  const view = VIEWS.find(({ key }) => key === place.value.options['view'])?.key ?? 'in-force';
  const openLine = (line: number): void => {
    // What somebody is writing stays.
    const current = draft.peek();
    if (current === null || current.text === current.loaded) loadFile();
    wantedLine.value = line;
    setOption('view', 'edit');
  };
  return (
    <main class="screen config" id="screen" tabIndex={-1} aria-busy={config.value === null}>
      <header class="screen-head">
        <h1>Config</h1>
        <FileFacts />
        {config.value?.value.file == null ? null : (
          <button
            type="button"
            class={isChanged() ? 'button primary' : 'button'}
            data-testid="reload"
            onClick={() => {
              question.value = reloadQuestion(fileName.value ?? 'the file');
            }}
          >
            Reload …
          </button>
        )}
      </header>
      {problem.value === null ? null : <p class="empty bad">The config cannot be read: {problem.value}</p>}
      <Restart />
      <DriftPanel onOpenLine={openLine} />
      <fieldset class="segments views">
        <legend class="hidden">View</legend>
        {VIEWS.map(({ key, words }) => (
          <button
            key={key}
            type="button"
            aria-pressed={view === key}
            data-testid={`view-${key}`}
            onClick={() => setOption('view', key === 'in-force' ? null : key)}
          >
            {words}
            {key === 'revisions' && revisions.value.length > 0 ? ` (${revisions.value.length})` : ''}
          </button>
        ))}
      </fieldset>
      {view === 'in-force' ? <EffectiveView onOpenLine={openLine} /> : null}
      {view === 'edit' ? <EditorView /> : null}
      {view === 'revisions' ? <RevisionsView /> : null}
      {question.value === null ? null : (
        <ConfigDialog
          question={question.value}
          onClose={() => {
            question.value = null;
          }}
        />
      )}
    </main>
  );
}

/** The file may have been read by two answers, a moment apart. */
const isChanged = (): boolean => file.value?.value?.value.isChanged ?? config.value?.value.file?.isChanged ?? false;

function FileFacts() {
  const known = config.value?.value;
  if (known === undefined) return <p class="config-file minor">Reading …</p>;
  if (known.file === null) {
    return (
      <p class="config-file minor" data-testid="config-file">
        from the command line of <code>ballast proxy</code>: there is no file to change
      </p>
    );
  }
  const trouble = file.value?.value?.value.problem ?? known.file.problem;
  const words = trouble ?? (isChanged() ? 'it has changed since it was loaded' : 'it is what was loaded');
  return (
    <p class="config-file" data-testid="config-file">
      <code>{known.file.path}</code>
      <span class={isChanged() ? 'coming-warning' : 'minor'} role="status">
        {isChanged() ? <Icon name="alert" /> : <Icon name="check" />}
        <span>{words}</span>
      </span>
    </p>
  );
}

function Restart() {
  const waiting = config.value?.value.needsRestart ?? [];
  if (waiting.length === 0) return null;
  return (
    <p class="coming-warning restart" data-testid="needs-restart">
      <Icon name="alert" />
      <span>{waiting.join(', ')}: the file says something else than what runs, and only a restart brings it in.</span>
    </p>
  );
}

function reloadQuestion(name: string): Question {
  return questionOf({
    title: `Reload ${name}?`,
    button: 'Reload',
    sentences: ['The file is read as it is now: all of it comes into force, or nothing.'],
    write: reload,
    tag: config.peek()?.tag ?? null,
    linesOf: linesOfConfig,
    onDone: ({ changes }) =>
      notify(
        'good',
        changes.length === 0 ? 'Reloaded: nothing has changed.' : `Reloaded: ${plural(changes.length, 'change')}.`,
      ),
  });
}
