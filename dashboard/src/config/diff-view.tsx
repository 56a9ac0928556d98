/** What differs between two texts, line by line, with signs as well as colours. */
import { useMemo } from 'preact/hooks';
import { plural } from '../format.ts';
import { diffLines, withContext } from './line-diff.ts';

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;
const WORDS = { same: '', added: 'added: ', removed: 'removed: ' } as const;
const MAX_LINES = 600;

interface DiffViewProps {
  readonly before: string;
  readonly after: string;
  readonly label: string;
}

export function DiffView({ before, after, label }: DiffViewProps) {
  const { parts, added, removed } = useMemo(() => {
    const lines = diffLines(before, after);
    return {
      parts: withContext(lines),
      added: lines.filter(({ kind }) => kind === 'added').length,
      removed: lines.filter(({ kind }) => kind === 'removed').length,
    };
  }, [before, after]);
  if (parts.length === 0) return <p class="minor diff-none">The texts are the same.</p>;
  return (
    <div class="diff" role="region" aria-label={label} tabIndex={0} data-testid="diff">
      <p class="diff-head">
        {label}: {plural(added, 'line')} added, {removed} removed
      </p>
      <ol>
        {parts.slice(0, MAX_LINES).map((part, index) =>
          part.kind === 'gap' ? (
            <li key={`gap ${index}`} class="diff-gap">
              {plural(part.count, 'line')} as before
            </li>
          ) : (
            <li key={`${part.kind} ${part.before ?? ''} ${part.after ?? ''}`} data-kind={part.kind}>
              <span class="diff-number" aria-hidden="true">
                {part.before ?? ''}
              </span>
              <span class="diff-number" aria-hidden="true">
                {part.after ?? ''}
              </span>
              <span class="diff-sign" aria-hidden="true">
                {SIGNS[part.kind]}
              </span>
              <code>
                <span class="hidden">{WORDS[part.kind]}</span>
                {part.text}
              </code>
            </li>
          ),
        )}
        {parts.length > MAX_LINES ? <li class="diff-gap">and {parts.length - MAX_LINES} more lines</li> : null}
      </ol>
    </div>
  );
}
