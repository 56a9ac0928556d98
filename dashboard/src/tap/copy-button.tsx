/** Copies a text, and says so; where the browser has no clipboard for this page, the text is shown to be taken. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

const DONE_MS = 2_000;

interface CopyButtonProps {
  readonly label: string;
  readonly text: string;
  readonly testid: string;
}

export function CopyButton({ label, text, testid }: CopyButtonProps) {
  const isDone = useSignal(false);
  const isShown = useSignal(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      isDone.value = true;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        isDone.value = false;
      }, DONE_MS);
    } catch {
      // A page by plain HTTP from another machine has none.
      isShown.value = true;
    }
  };
  return (
    <>
      <button type="button" class="button" data-testid={testid} onClick={() => void copy()}>
        <span aria-live="polite">{isDone.value ? 'Copied' : label}</span>
      </button>
      {isShown.value ? (
        <textarea class="copy-text" aria-label={label} readOnly rows={4} value={text} ref={(area) => area?.select()} />
      ) : null}
    </>
  );
}
