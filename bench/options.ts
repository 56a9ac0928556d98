/** The command line of `run.ts`. */
import { parseArgs } from 'node:util';
import { FIGURES, type Figure } from './figures.ts';
import { PEERS, type Peer } from './peers.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

export const USAGE = `usage: npm run bench [-- SCENARIO|FIGURE… [--quick] [--peers NAME,NAME] [--rounds N] [--seconds N] [--own-load]]
scenarios: ${SCENARIOS.map((scenario) => scenario.name).join(' ')}
figures:   ${FIGURES.map((figure) => figure.name).join(' ')}
peers:     ${PEERS.map((peer) => peer.name).join(' ')}
Peers from npm are installed by: npm install --prefix bench
--quick      3 rounds of 1 s, printed and not saved
--own-load   our own load generator, even where wrk is installed`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly figures: readonly Figure[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly isSaved: boolean;
  readonly isOwnLoadWanted: boolean;
}

/** What the user asks for; throws an error that says what is wrong with it. */
export function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'own-load': { type: 'boolean', default: false },
    },
  });
  const named = <Item extends { name: string }>(items: readonly Item[], names: readonly string[]): Item[] =>
    names.map((name) => {
      const item = items.find((each) => each.name === name);
      if (item === undefined) throw new Error(`there is no "${name}"`);
      return item;
    });
  const count = (text: string | undefined, otherwise: number): number => {
    const value = Number(text ?? otherwise);
    if (!Number.isInteger(value) || value < 1) throw new Error(`"${text}" is no number of rounds or seconds`);
    return value;
  };
  const isScenario = (name: string): boolean => SCENARIOS.some((scenario) => scenario.name === name);
  return {
    scenarios: positionals.length === 0 ? SCENARIOS : named(SCENARIOS, positionals.filter(isScenario)),
    figures:
      positionals.length === 0
        ? FIGURES
        : named(
            FIGURES,
            positionals.filter((name) => !isScenario(name)),
          ),
    peers: values.peers === undefined ? PEERS : named(PEERS, values.peers.split(',')),
    rounds: count(values.rounds, values.quick ? 3 : 7),
    seconds: count(values.seconds, values.quick ? 1 : 3),
    warmUpSeconds: values.quick ? 1 : 3,
    isSaved: !values.quick && values.peers === undefined,
    isOwnLoadWanted: values['own-load'],
  };
}
