/** `docs/reliability.md`, from the table of promises and what was measured: pure. */
import { PROMISES } from './promises.ts';
import type { Results } from './results.ts';

const NOT_PROMISED: readonly string[] = [
  '**An answer that has begun.** Once a byte of it has gone to the client there is no other try; what is lost then is cut where the client can see it, never ended as if it were whole.',
  '**An answer without length and chunks that its backend ends early.** Where only the end of the connection tells the end of the body, an early end looks like any other.',
  '**A POST whose connection died after it was written.** Nobody can know whether the backend has carried it out; it is answered 502 with its reason and not sent again.',
  '**What clients try again themselves.** Ballast sends no request twice that may not be repeated; a client that repeats one does so on its own account.',
  '**A request on its way to a connection that closes.** After SIGTERM, or at the end of the keep-alive time, a request may cross the end of its connection: it is not taken, no backend sees it, and the client may send it again.',
  '**A client that ends its sending side while its request waits for a place.** It is taken for gone, as closing looks the same; with a place it would get its answer.',
  '**Traffic of a worker that has crashed.** Its own connections are lost, and the last tenth of a second of its access log with them.',
];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

export function reliabilityPage({ machine, rows }: Results): string {
  const measured = PROMISES.map(({ id, promise, passLine }) => {
    const result = rows[id];
    if (result === undefined) return row([id, promise, passLine, 'not run', '–']);
    return row([id, promise, passLine, result.measured, result.isPassed ? 'kept' : '**broken**']);
  });
  const runs = PROMISES.flatMap(({ id, check }) => {
    const result = rows[id];
    return result === undefined
      ? []
      : [row([id, `\`${check}\``, `\`${result.seed}\``, `\`${result.commit}\``, `${result.seconds}`])];
  });
  return `${[
    '# Reliability',
    '',
    'Written by `npm run torture` from what its checks measured; never edited by hand.',
    '',
    'What Ballast promises, the line that the check must pass, and what it found. The load stays well below what the',
    'machine can do, so that a failure is a bug and not overload. Every request carries an id; clients, backends and the',
    'access log each write down what they saw of it, and a judge joins the three: one end for every request, none doubled',
    'that may not be, bodies whole or visibly cut, and counters that say the same as the logs.',
    '',
    row(['', 'promise', 'must be', 'measured', 'verdict']),
    row(['---', '---', '---', '---', '---']),
    ...measured,
    '',
    '## How it was measured',
    '',
    `- ${machine === '' ? 'not yet' : machine}`,
    '- balancer, backends and clients share the machine, over loopback',
    '',
    row(['', 'check', 'seed', 'commit', 'seconds']),
    row(['---', '---', '---', '---', '---']),
    ...runs,
    '',
    '## Run it',
    '',
    '```',
    'npm run torture                    # all of it; writes this page',
    'npm run torture -- D1 D4           # these; the other rows stay as they are',
    'npm run torture -- --quick         # small ones, to see that all is well; writes nothing',
    'npm run torture -- D17 --soak 28800    # eight hours of chaos on one process',
    'npm run torture -- --seed TEXT     # other requests and faults',
    'npm run test:chaos -- --seed TEXT  # faults on every wire, for as long as --seconds says',
    '```',
    '',
    'Each check also runs by itself: `node test/program/long/NAME.ts`. A seed draws the same requests, faults and',
    'disturbances again, in the same order; the moments at which they meet are the machine’s.',
    '',
    '## Not promised',
    '',
    ...NOT_PROMISED.map((text) => `- ${text}`),
  ].join('\n')}\n`;
}
