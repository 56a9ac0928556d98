/** What was changed at run time beside the file, one by one, with what can be done about it. */
import { useSignal } from '@preact/signals';
import type { DriftEntry } from '../../../src/protocol/admin-api.ts';
import { formatClock, formatDay, plural } from '../format.ts';
import { notify } from '../live/notices.ts';
import { nowMs } from '../parts/age.tsx';
import { backendHref, poolHref } from '../router.ts';
import { CopyButton } from '../tap/copy-button.tsx';
import { undoChange, writeChange } from './config-api.ts';
import { ConfigDialog, linesOfConfig, type Question, questionOf } from './config-dialog.tsx';
import { config, fileName } from './config-state.ts';
import { flowOf } from './yaml-text.ts';

const SHOWN_AT_ONCE = 20;

interface DriftPanelProps {
  readonly onOpenLine: (line: number) => void;
}

export function DriftPanel({ onOpenLine }: DriftPanelProps) {
  const limit = useSignal(SHOWN_AT_ONCE);
  const drift = config.value?.value.drift ?? null;
  const hasFile = config.value?.value.file !== null;
  return (
    <section class="panel drift" aria-labelledby="drift-title">
      <header class="panel-title">
        <h2 id="drift-title">Changed at run time</h2>
        <span class="minor" data-testid="drift-count">
          {drift === null ? '' : drift.length === 0 ? 'nothing' : plural(drift.length, 'change')}
        </span>
      </header>
      {drift?.length === 0 ? (
        <p class="empty">
          {hasFile
            ? 'What runs is what the file says. A policy, weight or mode that is set here or by the admin API appears in this list, until the file says the same.'
            : 'What runs is what the command line says. Changes live in memory, until the process ends.'}
        </p>
      ) : null}
      <ul>
        {(drift ?? []).slice(0, limit.value).map((entry) => (
          <DriftRow key={`${entry.pool} ${entry.backend} ${entry.setting}`} entry={entry} onOpenLine={onOpenLine} />
        ))}
      </ul>
      {(drift?.length ?? 0) > limit.value ? (
        <p class="more">
          <button
            type="button"
            class="button"
            onClick={() => {
              limit.value += 100;
            }}
          >
            Show more of {drift?.length}
          </button>
        </p>
      ) : null}
    </section>
  );
}

function DriftRow({ entry, onOpenLine }: { readonly entry: DriftEntry } & DriftPanelProps) {
  const question = useSignal<Question | null>(null);
  const { pool, backend, setting, line, patch, writeProblem, made } = entry;
  const name = backend === null ? pool : `${pool}/${backend}`;
  const key = `${name}-${setting}`;
  const file = fileName.value;
  return (
    <li class="drift-row" data-testid={`drift-${key}`}>
      <p class="drift-what">
        <a href={backend === null ? poolHref(pool) : backendHref(pool, backend)}>{name}</a>{' '}
        <span class="drift-change">{changeWords(entry)}</span>
      </p>
      <p class="drift-by minor">
        {made === null ? 'before this process started' : <Made atMs={made.atMs} by={made.origin} />}
        {line === null || file === null ? null : (
          <>
            {' · '}
            <button type="button" class="link-button" onClick={() => onOpenLine(line)}>
              {file}:{line}
            </button>
          </>
        )}
        {writeProblem === null ? null : (
          <span class="drift-why" data-testid={`drift-${key}-why`}>
            {' · '}not written to the file from here: {writeProblem}
          </span>
        )}
      </p>
      <div class="drift-actions">
        <button
          type="button"
          class="button"
          data-testid={`drift-${key}-undo`}
          onClick={() => {
            question.value = undoQuestion(entry, name);
          }}
        >
          Undo …{' '}
          <span class="hidden">
            {changeWords(entry)} of {name}
          </span>
        </button>
        {patch === null ? null : <CopyButton label="Copy YAML" text={patch} testid={`drift-${key}-copy`} />}
        {writeProblem === null ? (
          <button
            type="button"
            class="button"
            data-testid={`drift-${key}-write`}
            onClick={() => {
              question.value = writeQuestion(entry, name, file ?? 'the file');
            }}
          >
            Write to file …{' '}
            <span class="hidden">
              {changeWords(entry)} of {name}
            </span>
          </button>
        ) : null}
      </div>
      {question.value === null ? null : (
        <ConfigDialog
          question={question.value}
          onClose={() => {
            question.value = null;
          }}
        />
      )}
    </li>
  );
}

/** Today by the clock, else by the day as well. */
export function Made({ atMs, by }: { readonly atMs: number; readonly by: string | null }) {
  const isToday = formatDay(atMs) === formatDay(nowMs.value);
  return (
    <>
      <time dateTime={new Date(atMs).toISOString()} title={`${formatDay(atMs)} ${formatClock(atMs)}`}>
        {isToday ? '' : `${formatDay(atMs)} `}
        {formatClock(atMs)}
      </time>
      {by === null ? '' : ` by ${by}`}
    </>
  );
}

/** `weight 5 → 20`, `added`. Pure. */
export function changeWords({ setting, file, now }: DriftEntry): string {
  if (setting === 'added') return 'added';
  if (setting === 'removed') return 'removed';
  return `${setting} ${flowOf(file)} → ${flowOf(now)}`;
}

const tagOfSettings = (): string | null => config.peek()?.tag ?? null;

function undoQuestion(entry: DriftEntry, name: string): Question {
  return questionOf({
    title: `Undo: ${changeWords(entry)} of ${name}?`,
    button: 'Undo it',
    sentences: ['What the file says holds again, for requests that begin after it.'],
    write: undoChange(entry),
    tag: tagOfSettings(),
    linesOf: ({ changes = [], consequences = [] }) => ({ changes, consequences, warnings: [] }),
    onDone: () => notify('good', `${name}: ${entry.setting} is what the file says again.`),
  });
}

function writeQuestion(entry: DriftEntry, name: string, file: string): Question {
  return questionOf({
    title: `Write ${entry.setting} of ${name} into ${file}?`,
    button: 'Write it',
    sentences: [
      'Only this setting is written; comments and layout stay. What runs stays as it is: the change belongs to the file then, and leaves this list.',
    ],
    write: writeChange(entry),
    tag: tagOfSettings(),
    linesOf: (coming) => ({ ...linesOfConfig(coming), consequences: [] }),
    onDone: () => notify('good', `${entry.setting} of ${name} is written to ${file}.`),
  });
}
