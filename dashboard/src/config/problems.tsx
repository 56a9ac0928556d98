/** What is wrong with a config text, each with its place and the line it stands in, as `ballast check` tells it. */
import type { ConfigDiagnostic } from '../live/api.ts';
import { Shape } from '../parts/state-mark.tsx';

/** Of a long line the part with the mark is what matters. */
function showMark(frame: HTMLPreElement | null): void {
  if (frame === null) return;
  const lines = (frame.textContent ?? '').split('\n');
  const longest = Math.max(1, ...lines.map((line) => line.length));
  const marked = lines.at(-1)?.indexOf('^') ?? 0;
  const at = (marked / longest) * frame.scrollWidth;
  if (at > frame.clientWidth * 0.8) frame.scrollLeft = at - frame.clientWidth / 2;
}

interface ProblemsProps {
  readonly diagnostics: readonly ConfigDiagnostic[];
  /** How many there are beyond these. */
  readonly more?: number;
  /** Goes to the place in the editor; left out where there is none. */
  readonly onOpen?: (diagnostic: ConfigDiagnostic) => void;
}

export function Problems({ diagnostics, more = 0, onOpen }: ProblemsProps) {
  return (
    <ol class="problems" data-testid="problems">
      {diagnostics.map((each) => {
        const { severity, code, line, column, path, message, suggestion, frame } = each;
        const place = `line ${line}, column ${column}`;
        return (
          <li key={`${line} ${column} ${code} ${message}`} data-severity={severity}>
            <p class="problem-head" data-state={severity === 'error' ? 'bad' : 'warning'}>
              <Shape of={severity === 'error' ? 'bad' : 'warning'} label={severity} />
              {onOpen === undefined ? (
                <b>{place}</b>
              ) : (
                <button type="button" class="link-button" onClick={() => onOpen(each)} data-testid={`problem-${line}`}>
                  {place}
                </button>
              )}
              {path === '' ? null : <code>{path}</code>}
              <small>{code}</small>
            </p>
            <p>
              {message}
              {suggestion === null ? null : <span class="suggestion"> — {suggestion}</span>}
            </p>
            {frame === '' ? null : (
              <pre class="frame" tabIndex={0} aria-label={`The text around ${place}`} ref={showMark}>
                {frame}
              </pre>
            )}
          </li>
        );
      })}
      {more > 0 ? <li class="minor">and {more} more</li> : null}
    </ol>
  );
}
