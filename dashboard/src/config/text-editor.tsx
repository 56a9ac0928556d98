/**
 * A text with numbered lines, on the browser's own text area. Lines do not wrap, so that each is as
 * high as its number; the numbers scroll along. A line with a problem is marked in the margin.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { ConfigDiagnostic } from '../live/api.ts';

/** Where to go in the text, once. */
export interface Goal {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

interface TextEditorProps {
  readonly label: string;
  readonly text: string;
  readonly diagnostics: readonly ConfigDiagnostic[];
  readonly goal: Goal | null;
  readonly onInput: (text: string) => void;
}

export function TextEditor({ label, text, diagnostics, goal, onInput }: TextEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const margin = useRef<HTMLDivElement>(null);
  const count = text.split('\n').length;
  const marked = new Map(diagnostics.map(({ line, severity }) => [line, severity]));
  const follow = (): void => {
    if (margin.current !== null && area.current !== null) margin.current.scrollTop = area.current.scrollTop;
  };
  useEffect(() => {
    if (area.current === null || goal === null) return;
    goTo(area.current, goal);
    follow();
  }, [goal]);
  return (
    <div class="editor">
      <div class="editor-margin" aria-hidden="true" ref={margin}>
        {/* One text for all of them: ten thousand elements would be felt at every key. */}
        <pre>{Array.from({ length: count }, (_, index) => index + 1).join('\n')}</pre>
        {[...marked].map(([line, severity]) => (
          <Mark key={line} line={line} severity={severity} />
        ))}
      </div>
      <textarea
        ref={area}
        aria-label={label}
        data-testid="config-text"
        wrap="off"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        value={text}
        onInput={(event) => onInput(event.currentTarget.value)}
        onScroll={follow}
      />
    </div>
  );
}

/** The policy of the page allows no style in the markup, and a place is no matter of a class. */
function Mark({ line, severity }: { readonly line: number; readonly severity: 'error' | 'warning' }) {
  return (
    <span
      class="editor-mark"
      data-severity={severity}
      ref={(mark) => mark?.style.setProperty('--line', String(line - 1))}
    />
  );
}

function goTo(area: HTMLTextAreaElement, { line, column }: Goal): void {
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const end = start + (lines[line - 1]?.length ?? 0);
  const at = Math.min(end, start + column - 1);
  area.focus({ preventScroll: true });
  area.setSelectionRange(at, end);
  const lineHeight = Number.parseFloat(getComputedStyle(area).lineHeight) || 20;
  area.scrollTop = Math.max(0, (line - 1) * lineHeight - area.clientHeight / 3);
  area.scrollLeft = 0;
  area.scrollIntoView({ block: 'nearest' });
}
