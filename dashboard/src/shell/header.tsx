/** The bar above every screen: environment, the worst state, the way to the screens, connection, theme, help. */
import { formatClock, formatDay, formatDuration } from '../format.ts';
import { isStale, link, shown } from '../live/session.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { place } from '../router.ts';
import { topicOf } from '../store.ts';
import { SYSTEM, TOTALS } from '../topics.ts';
import { EnvironmentBadge } from './environment.tsx';
import { isHelpOpen, isPaletteOpen } from './keyboard.ts';
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

const PALETTE_KEYS = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘K' : 'Ctrl K';

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
      <EnvironmentBadge />
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
          class="palette-button"
          data-testid="palette-open"
          aria-label="Search and commands"
          aria-keyshortcuts="Control+K Meta+K"
          title={`Search and commands (${PALETTE_KEYS})`}
          onClick={() => {
            isPaletteOpen.value = true;
          }}
        >
          <Icon name="search" />
          <kbd aria-hidden="true">{PALETTE_KEYS}</kbd>
        </button>
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
    <span class="overall" data-state={severity} data-stale={isStale.value}>
      <StateMark state={severity} testid="overall-state">
        {words}
      </StateMark>
    </span>
  );
}

/** What a picture of the page needs to be of use later: which process, which revision, and when. */
function ServerFacts() {
  const model = shown.value;
  const system = topicOf(model, SYSTEM)?.fields;
  if (model === null || system === undefined) return <span class="facts" />;
  const { runningWorkers, workerCount } = system;
  return (
    <dl class="facts" data-testid="facts" data-stale={isStale.value}>
      {system.isDraining ? (
        <div class="facts-draining">
          <dt class="hidden">State</dt>
          <dd>shutting down</dd>
        </div>
      ) : null}
      <div class="facts-node" title={`The machine or container that this balancer runs on: ${system.node}`}>
        <dt class="hidden">Node</dt>
        <dd data-testid="fact-node">{system.node}</dd>
      </div>
      <div title="Number of the config in force">
        <dt>revision</dt> <dd data-testid="fact-revision">{system.revision}</dd>
      </div>
      <div class="facts-workers" data-all={runningWorkers === workerCount} title="Data-plane threads that are running">
        <dt>workers</dt>{' '}
        <dd>{runningWorkers === workerCount ? runningWorkers : `${runningWorkers} of ${workerCount}`}</dd>
      </div>
      <div class="facts-up" title="Time since the balancer started">
        <dt>up</dt> <dd>{formatDuration(model.atMs - system.startedAtMs)}</dd>
      </div>
      <div class="facts-version">
        <dt>version</dt> <dd>{system.version}</dd>
      </div>
      <div title="When these figures were read, by the balancer's clock in your time zone">
        <dt class="hidden">Figures from</dt>
        <dd data-testid="fact-time">
          <time dateTime={new Date(model.atMs).toISOString()}>
            {formatDay(model.atMs)} {formatClock(model.atMs)}
          </time>
        </dd>
      </div>
    </dl>
  );
}
