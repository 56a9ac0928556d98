/**
 * One backend: how it is and why, what happens next, its past, its checks, its traffic, and what
 * can be done about it.
 */
import { BackendCharts } from '../charts/backend-charts.tsx';
import { isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { BackendFacts } from '../parts/backend-facts.tsx';
import { BackendHead } from '../parts/backend-head.tsx';
import { BackendRoutes } from '../parts/backend-routes.tsx';
import { BackendWhy } from '../parts/backend-why.tsx';
import { CheckList } from '../parts/check-list.tsx';
import { Icon } from '../parts/icon.tsx';
import { LeavingPanel } from '../parts/leaving-panel.tsx';
import { StateStrip } from '../parts/state-strip.tsx';
import { poolHref } from '../router.ts';
import { backendTopic, poolWithoutRows, SYSTEM } from '../topics.ts';

interface BackendScreenProps {
  readonly pool: string;
  readonly name: string;
}

export function BackendScreen({ pool, name }: BackendScreenProps) {
  const system = useTopic(SYSTEM)?.fields;
  const itsPool = useTopic(poolWithoutRows(pool))?.fields;
  const topic = useTopic(backendTopic(pool, name));
  if (topic === undefined) {
    return (
      <main class="screen backend" id="screen" tabIndex={-1} aria-busy="true">
        <Crumb pool={pool} />
        <h1>{name}</h1>
      </main>
    );
  }
  if (topic === null) return <NoBackend pool={pool} name={name} />;
  const backend = topic.fields;
  const policy = system?.policies.find((each) => each.name === itsPool?.policy);
  return (
    <main class="screen backend" id="screen" tabIndex={-1} data-state={backend.state}>
      <Crumb pool={pool} />
      <BackendHead pool={pool} backend={backend} usesWeights={policy?.usesWeights ?? true} />
      <LeavingPanel pool={pool} backend={backend} />
      <div class="backend-now" data-stale={isStale.value}>
        <BackendWhy pool={pool} backend={backend} />
        <StateStrip pool={pool} backend={backend} />
      </div>
      <BackendFacts backend={backend} errorsPerSecond={backend.errorsPerSecond} />
      <BackendCharts pool={pool} name={name} />
      <div class="backend-ground">
        <CheckList pool={pool} backend={backend} />
        <BackendRoutes pool={pool} />
      </div>
    </main>
  );
}

function Crumb({ pool }: { readonly pool: string }) {
  return (
    <p class="crumb">
      <a href={poolHref(pool)}>
        <Icon name="arrow-left" /> {pool}
      </a>
    </p>
  );
}

function NoBackend({ pool, name }: BackendScreenProps) {
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <Crumb pool={pool} />
      <h1>
        No backend {name} in pool {pool}
      </h1>
      <p class="empty">
        It may have been removed, or its name may stand for several addresses, each a backend of its own.{' '}
        <a href={poolHref(pool)}>See the pool {pool}</a>
      </p>
    </main>
  );
}
