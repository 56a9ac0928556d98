/** Copies what a chart shows as the expression by which Prometheus computes it. */
import { notify } from '../live/notices.ts';
import { Icon } from '../parts/icon.tsx';

interface QueryButtonProps {
  readonly title: string;
  readonly query: string;
  readonly testid: string;
}

export function QueryButton({ title, query, testid }: QueryButtonProps) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(query);
      notify('good', `Copied for Prometheus: ${query}`);
    } catch {
      // A page by plain HTTP from another machine has no clipboard.
      notify('warning', `To copy by hand: ${query}`);
    }
  };
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Copy ${title} as PromQL`}
      title={`Copy as PromQL: ${query}`}
      data-testid={testid}
      onClick={() => void copy()}
    >
      <Icon name="copy" />
    </button>
  );
}
