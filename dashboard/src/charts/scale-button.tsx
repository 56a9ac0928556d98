/** Whether charts of latencies have a logarithmic axis: one choice for all of them, kept in this browser. */
import { signal } from '@preact/signals';
import { readKept, writeKept } from '../shell/kept.ts';

const KEY = 'ballast.latency-scale';

export const isLogScale = signal(readKept(KEY) === 'log');

export function setLogScale(isLog: boolean): void {
  isLogScale.value = isLog;
  writeKept(KEY, isLog ? 'log' : 'linear');
}

export function ScaleButton({ title, testid }: { readonly title: string; readonly testid: string }) {
  return (
    <button
      type="button"
      class="icon-button scale-button"
      aria-pressed={isLogScale.value}
      aria-label={`Logarithmic axis of ${title}`}
      title="Logarithmic axis"
      data-testid={testid}
      onClick={() => setLogScale(!isLogScale.peek())}
    >
      log
    </button>
  );
}
