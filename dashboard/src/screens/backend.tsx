/** One backend: its state over the last day, its checks, its traffic, and what can be done about it. */
import { Icon } from '../parts/icon.tsx';
import { poolHref } from '../router.ts';

export function BackendScreen({ pool, name }: { readonly pool: string; readonly name: string }) {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <p class="crumb">
        <a href={poolHref(pool)}>
          <Icon name="arrow-left" /> {pool}
        </a>
      </p>
      <h1>{name}</h1>
    </main>
  );
}
