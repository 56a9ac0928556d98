/** The page: header, banner, and the screen that the address names. */
import { useEffect, useRef } from 'preact/hooks';
import { latest, link, shown } from './live/session.ts';
import { useTopic } from './live/use-topic.ts';
import { ConfirmDialog } from './parts/confirm.tsx';
import { PolicyDialog } from './parts/policy-dialog.tsx';
import { place } from './router.ts';
import { BackendScreen } from './screens/backend.tsx';
import { ConfigScreen } from './screens/config.tsx';
import { EventsScreen } from './screens/events.tsx';
import { OverviewScreen } from './screens/overview.tsx';
import { PoolScreen } from './screens/pool.tsx';
import { PoolsScreen } from './screens/pools.tsx';
import { RequestsScreen } from './screens/requests.tsx';
import { RoutesScreen } from './screens/routes.tsx';
import { SignInScreen } from './screens/sign-in.tsx';
import { SystemScreen } from './screens/system.tsx';
import { Announcer } from './shell/announcer.tsx';
import { Banner } from './shell/banner.tsx';
import { Header } from './shell/header.tsx';
import { HelpDialog } from './shell/help.tsx';
import { Notices } from './shell/notices.tsx';
import { Palette } from './shell/palette.tsx';
import { EVENTS, SYSTEM, TOTALS } from './topics.ts';

export function App() {
  // What every screen needs: the bar, the title, what is said aloud.
  useTopic(TOTALS);
  useTopic(SYSTEM);
  useTopic(EVENTS);
  const { route } = place.value;
  const address = Object.values(route).join(' ');
  const isFirst = useRef(true);
  // Another screen: those who use the keyboard start at its top, not at the link they left.
  useEffect(() => {
    if (!isFirst.current) {
      document.getElementById('screen')?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [address]);
  return (
    <>
      <a
        class="skip"
        href="#screen"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('screen')?.focus();
        }}
      >
        Skip to the screen
      </a>
      <Header />
      <Banner />
      <Screen key={address} />
      <ConfirmDialog />
      <PolicyDialog />
      <HelpDialog />
      <Palette />
      <Notices />
      <Announcer />
    </>
  );
}

function Screen() {
  if (link.value === 'signed-out') return <SignInScreen />;
  const model = shown.value ?? latest.value;
  if (model === null) {
    return (
      <main class="screen" id="screen" tabIndex={-1} aria-busy={link.value === 'connecting'}>
        <h1 class="hidden">Ballast</h1>
        <p class="empty waiting">{link.value === 'connecting' ? 'Connecting …' : 'Waiting for the balancer …'}</p>
      </main>
    );
  }
  const { route } = place.value;
  switch (route.screen) {
    case 'overview':
      return <OverviewScreen />;
    case 'pools':
      return <PoolsScreen />;
    case 'pool':
      return <PoolScreen name={route.pool} />;
    case 'backend':
      return <BackendScreen pool={route.pool} name={route.backend} />;
    case 'routes':
      return <RoutesScreen />;
    case 'requests':
      return <RequestsScreen />;
    case 'events':
      return <EventsScreen />;
    case 'config':
      return <ConfigScreen />;
    case 'system':
      return <SystemScreen />;
    case 'unknown':
      return (
        <main class="screen" id="screen" tabIndex={-1}>
          <h1>No such screen</h1>
          <p class="empty">
            There is nothing at <code>{route.path}</code>. <a href="#/">Go to the overview</a>
          </p>
        </main>
      );
  }
}
