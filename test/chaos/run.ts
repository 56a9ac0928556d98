/**
 * `npm run test:chaos`: rounds of chaos on the real program until the time is up, each judged by
 * itself. Prints the seed first: with `--seed` the same requests, faults and disturbances come
 * again, in the same order. Exits 1 where the judge finds anything.
 */
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import { CleanupList } from '../harness/cleanup.ts';
import { type ChaosReport, runChaos } from './chaos-run.ts';
import { CLIMATES, PLAIN_CLIMATE } from './climates.ts';
import { crashable } from './crashable.ts';
import { Stand } from './stand.ts';

const USAGE = 'Usage: npm run test:chaos -- [--seed TEXT] [--seconds N] [--rate N] [--verbose]';
const SECONDS = 90;
const ROUND_SECONDS = 18;
const PER_SECOND = 150;
const SHOWN_FAULTS = 20;

const shown = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, count]) => `${key} ${count}`)
    .join(', ');

function tell(round: number, report: ChaosReport): void {
  const { climate, faults, requests, ends, answers, retried, savedByRetry, happened, faultsMade } = report;
  console.log(
    `round ${round} (${climate}): ${requests} requests, ${retried} tried again, ${savedByRetry} of them answered`,
  );
  console.log(`  ends: ${shown(ends)}`);
  console.log(`  answers: ${shown(answers)}`);
  console.log(`  connections: ${shown(faultsMade)}`);
  console.log(`  disturbances: ${shown(happened)}`);
  for (const fault of faults.slice(0, SHOWN_FAULTS)) console.log(`  WRONG ${fault}`);
  if (faults.length > SHOWN_FAULTS) console.log(`  and ${faults.length - SHOWN_FAULTS} more`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: `${process.pid}-${Date.now()}` },
      seconds: { type: 'string', default: `${SECONDS}` },
      rate: { type: 'string', default: `${PER_SECOND}` },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [seconds, perSecond] = [Number(values.seconds), Number(values.rate)];
  if (!(seconds > 0 && perSecond > 0)) {
    console.error(USAGE);
    return 2;
  }
  console.log(`seed ${values.seed}`);
  const cleanup = new CleanupList();
  let wrong = 0;
  let requests = 0;
  try {
    const { env, crash } = await crashable(cleanup);
    const stand = await Stand.start(cleanup, { env });
    const rounds = Math.max(1, Math.round(seconds / ROUND_SECONDS));
    for (let round = 1; round <= rounds; round++) {
      const report = await runChaos(stand, {
        seed: rounds === 1 ? values.seed : `${values.seed}/${round}`,
        seconds: seconds / rounds,
        perSecond,
        // By the seed as well: a short run of another seed is another climate.
        climate: CLIMATES[(crc32(values.seed) + round) % CLIMATES.length] ?? PLAIN_CLIMATE,
        hasMembership: round % 2 === 0,
        ...(round % 3 === 0 ? { crash } : {}),
        ...(values.verbose ? { tell: (line: string) => console.log(`  … ${line}`) } : {}),
      });
      tell(round, report);
      wrong += report.faults.length;
      requests += report.requests;
    }
    if ((await stand.balancer.program.stop()) !== 0) wrong++;
    console.log(`${wrong === 0 ? 'PASS' : 'FAIL'} chaos: ${requests} requests, ${wrong} findings, seed ${values.seed}`);
  } finally {
    await cleanup.run();
  }
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
