/** Keys, states and words, in one dialog. */
import { Dialog } from '../parts/dialog.tsx';
import { Shape } from '../parts/state-mark.tsx';
import { areShortcutsOn, isHelpOpen, setShortcuts } from './keyboard.ts';
import { SCREENS } from './screens.ts';

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['?'], 'this help'],
  [['Ctrl or ⌘', 'K'], 'search and commands, in every field and whatever else is switched off'],
  [['/'], 'go to the filter'],
  [['j', 'k'], 'next row, previous row; in the story of a request, the next one'],
  [['Enter'], 'open the row'],
  [['x'], 'tick the row of a backend'],
  [['r', 'd', 'm'], 'the row, or all that are ticked: ready, drain, maintenance'],
  [['w', 'c'], 'the row, or all that are ticked: weight, check now'],
  [['t'], 'the row of a route: test it'],
  [['a'], 'on the screen of a pool: its policy'],
  [['u'], 'take back the last change'],
  ...SCREENS.map(({ key, words }) => [['g', key], words.toLowerCase()] as const),
  [['[', ']'], 'shorter range of the charts, longer range'],
  [['Space'], 'stop the picture, and let it go on'],
  [['←', '→'], 'on a chart: move the cursor; Page up and Page down by ten steps'],
  [['Shift', '←', '→'], 'on a chart: select a time; Enter zooms in, Escape leads out again'],
];

const STATES = [
  ['up', 'takes requests'],
  ['down', 'fails its health checks; takes none'],
  ['ejected', 'taken out for a while by failures in live traffic'],
  ['draining', 'finishes its requests, takes no new ones'],
  ['maintenance', 'takes nothing, by the will of the operator'],
  ['unknown', 'not checked yet; takes requests'],
  ['unresolved', 'its name has no address'],
  ['degraded', 'of a pool: some of its backends are not up'],
] as const;

export function HelpDialog() {
  if (!isHelpOpen.value) return null;
  const close = (): void => {
    isHelpOpen.value = false;
  };
  return (
    <Dialog title="Help" testid="help-dialog" onClose={close}>
      <h3>Keys</h3>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={areShortcutsOn.value}
          onChange={(event) => setShortcuts(event.currentTarget.checked)}
        />
        Keys of a single letter are on
      </label>
      <h3>States</h3>
      <dl class="keys">
        {STATES.map(([state, what]) => (
          <div key={state}>
            <dt>
              <span class="state" data-state={state}>
                <Shape of={state} />
                <span class="state-word">{state === 'unknown' ? 'unchecked' : state}</span>
              </span>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3>Figures</h3>
      <p>
        Requests/s, shares and percentiles are of the last 10 s; counts are since the start of the balancer. Every
        figure is the sum over all workers. Percentiles are measured over all latencies of a time and never averaged.
        Charts go back seven days for pools and six hours for backends; a restart of the balancer begins anew.
      </p>
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
