/** A command to copy, with the button that does it. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** So long the button says what it has done. */
const DONE_MS = 2_000;

interface CopyLineProps {
  readonly label: string;
  readonly text: string;
  readonly testid: string;
}

export function CopyLine({ label, text, testid }: CopyLineProps) {
  const words = useSignal('Copy');
  const line = useRef<HTMLElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    const isDone = await copyText(text, line.current);
    words.value = isDone ? 'Copied' : 'Selected';
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      words.value = 'Copy';
    }, DONE_MS);
  };
  return (
    <div class="copy-line">
      <span class="copy-label">{label}</span>
      <code ref={line} data-testid={testid}>
        {text}
      </code>
      <button type="button" class="button" onClick={() => void copy()}>
        <span aria-live="polite">{words}</span> <span class="hidden">the {label} line</span>
      </button>
    </div>
  );
}

/** Answers false where the browser has no clipboard for this page, and the text is only selected. */
async function copyText(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page by plain HTTP from another machine has none.
    if (shown !== null) getSelection()?.selectAllChildren(shown);
    return false;
  }
}
