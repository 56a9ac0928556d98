/** The bar above every screen: the worst state, the way to the screens, connection, theme, help. */
import { formatDuration } from '../format.ts';
import { link, shown } from '../live/session.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { place } from '../router.ts';
import { topicOf } from '../store.ts';
import { SYSTEM, TOTALS } from '../topics.ts';
import { isHelpOpen } from './keyboard.ts';
import { SCREENS } from './screens.ts';
import { setTheme, THEMES, theme } from './theme.ts';

const LINK_WORDS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'lost',
  polling: 'every 5 s',
  'signed-out': 'signed out',
  outdated: 'outdated',
} as const;

const THEME_ICONS: Readonly<Record<(typeof THEMES)[number], IconName>> = {
  system: 'monitor',
  light: 'sun',
  dark: 'moon',
};

export function Header() {
  const screen = place.value.route.screen;
  const nextTheme = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
  return (
    <header class="bar">
      <a class="brand" href="#/" aria-label="Ballast, overview">
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <path
            d="M2 12h6c4 0 4-7 8-7h6M8 12h14M8 12c4 0 4 7 8 7h6"
            fill="none"
            stroke="currentColor"
            stroke-width="2.2"
            stroke-linecap="round"
          />
          <circle cx="8" cy="12" r="3" fill="currentColor" />
        </svg>
        <span>Ballast</span>
      </a>
      <OverallState />
      <nav aria-label="Screens">
        {SCREENS.map(({ href, words, screens }) => (
          <a key={href} href={href} aria-current={screens.includes(screen) ? 'page' : undefined}>
            {words}
          </a>
        ))}
      </nav>
      <ServerFacts />
      <span class="link" data-link={link.value} data-testid="link">
        <span class="link-dot" aria-hidden="true" />
        <span class="link-word">{LINK_WORDS[link.value]}</span>
      </span>
      <div class="bar-buttons">
        <button
          type="button"
          class="icon-button"
          data-testid="theme"
          aria-label={`Theme: ${theme.value}. Change to ${nextTheme}`}
          title={`Theme: ${theme.value}`}
          onClick={() => setTheme(nextTheme)}
        >
          <Icon name={THEME_ICONS[theme.value]} />
        </button>
        <button
          type="button"
          class="icon-button"
          data-testid="help"
          aria-label="Help and keys"
          title="Help and keys (?)"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

function OverallState() {
  const totals = topicOf(shown.value, TOTALS)?.fields;
  if (totals === undefined) return <span class="overall" />;
  const { severity, words } = totals;
  return (
    <span class="overall" data-state={severity}>
      <StateMark state={severity} testid="overall-state">
        {words}
      </StateMark>
    </span>
  );
}

/** What a screenshot needs to be of use later: which process, which revision. */
function ServerFacts() {
  const system = topicOf(shown.value, SYSTEM)?.fields;
  if (system === undefined) return <span class="facts" />;
  const { runningWorkers, workerCount } = system;
  return (
    <dl class="facts" data-testid="facts">
      {system.isDraining ? (
        <div class="facts-draining">
          <dt class="hidden">State</dt>
          <dd>shutting down</dd>
        </div>
      ) : null}
      <div title="Number of the config in force">
        <dt>revision</dt> <dd>{system.revision}</dd>
      </div>
      <div title="Data-plane threads that are running">
        <dt>workers</dt>{' '}
        <dd>{runningWorkers === workerCount ? runningWorkers : `${runningWorkers} of ${workerCount}`}</dd>
      </div>
      <div title="Time since the balancer started">
        <dt>up</dt> <dd>{formatDuration((shown.value?.atMs ?? 0) - system.startedAtMs)}</dd>
      </div>
      <div class="facts-version">
        <dt>version</dt> <dd>{system.version}</dd>
      </div>
    </dl>
  );
}
