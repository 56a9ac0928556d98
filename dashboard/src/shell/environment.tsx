/**
 * Which environment this balancer belongs to, as the config names it: a badge, the edge of the page
 * and the beginning of the title, so that nobody takes one for another.
 */
import { effect, signal } from '@preact/signals';
import { latest } from '../live/session.ts';
import { topicOf } from '../store.ts';
import { SYSTEM } from '../topics.ts';

/** As it was told last: a page in the background goes on to show it, and is told nothing of it. */
export const environmentName = signal<string | null>(null);

/** Follows it, and tints the edge, from now on. Started once by `main.tsx`. */
export function startEnvironment(): void {
  effect(() => {
    const system = topicOf(latest.value, SYSTEM)?.fields;
    if (system === undefined) return;
    // A balancer of an older version says nothing of it.
    const environment = system.environment ?? null;
    environmentName.value = environment?.name ?? null;
    const { dataset } = document.documentElement;
    if (environment === null) delete dataset['environment'];
    else dataset['environment'] = environment.color;
  });
}

export function EnvironmentBadge() {
  const name = environmentName.value;
  if (name === null) return null;
  return (
    <span class="environment" data-testid="environment" title={`Environment: ${name} (ui.environment)`}>
      <span class="hidden">Environment: </span>
      {name}
    </span>
  );
}
