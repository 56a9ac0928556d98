/**
 * `npm run fuzz`: mutated messages through the codec or through a running worker, until the time
 * is up. Prints the seed first: with `--seed` the same messages come again, in the same order.
 * What breaks a rule is saved, and `--replay FILE` sends it once more. Exits 1 in that case.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CleanupList } from '../harness/cleanup.ts';
import { escapeBytes } from '../harness/read-message.ts';
import { randomFrom } from '../harness/segmentations.ts';
import { eachByte } from '../http1-cases/feed.ts';
import { type Direction, readCorpus } from './corpus.ts';
import { ALL_HEAD, checkStream, FuzzFailure, fuzzCodec } from './fuzz-codec.ts';
import { startProgramUnderTest } from './fuzz-program.ts';
import { cut, mutate } from './mutate.ts';

const USAGE = `Usage: npm run fuzz -- [--target codec|program] [--seconds N] [--seed TEXT] [--replay FILE]`;
const BATCH = 200;
const FOLDER = new URL('../../test-output/fuzz/', import.meta.url);

/** A failure as it is saved; a character is one byte. */
interface SavedFailure {
  readonly target: string;
  readonly seed: string;
  readonly message: string;
  readonly direction: Direction;
  readonly inputs: readonly string[];
}

function save(failure: SavedFailure): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = new URL(`${failure.target}-${failure.seed}.json`, FOLDER);
  writeFileSync(file, `${JSON.stringify(failure, null, 2)}\n`);
  return file.pathname;
}

class Failed extends Error {
  readonly direction: Direction;
  readonly inputs: readonly string[];

  constructor(direction: Direction, inputs: readonly string[], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.direction = direction;
    this.inputs = inputs;
  }
}

type IsDone = () => boolean;

function runCodec(seed: string, isDone: IsDone): number {
  try {
    const { streams, messages, refused } = fuzzCodec(randomFrom(seed), isDone);
    console.log(`${messages} heads accepted, ${refused} streams refused`);
    return streams;
  } catch (error) {
    if (error instanceof FuzzFailure) throw new Failed(error.direction, [error.bytes], error.cause);
    throw error;
  }
}

async function runProgram(seed: string, isDone: IsDone): Promise<number> {
  const random = randomFrom(seed);
  const cleanup = new CleanupList();
  const corpora = { requests: readCorpus('requests'), answers: readCorpus('answers') };
  let sent = 0;
  try {
    const program = await startProgramUnderTest(cleanup);
    for (let batch = 0; !isDone(); batch++) {
      const direction = batch % 3 === 2 ? 'answers' : 'requests';
      const inputs = Array.from({ length: BATCH }, () => mutate(corpora[direction], random));
      await program.run(direction, inputs, random).catch((error: unknown) => {
        throw new Failed(direction, inputs, error);
      });
      sent += inputs.length;
    }
  } finally {
    await cleanup.run();
  }
  return sent;
}

async function replay(file: string): Promise<void> {
  const { target, seed, direction, inputs } = JSON.parse(readFileSync(file, 'utf8')) as SavedFailure;
  const random = randomFrom(seed);
  if (target === 'codec') {
    for (const input of inputs) {
      for (const methods of [[], ALL_HEAD]) {
        for (const pieces of [eachByte(input), cut(input, random)]) checkStream(direction, input, pieces, methods);
      }
    }
  } else {
    const cleanup = new CleanupList();
    try {
      await (await startProgramUnderTest(cleanup)).run(direction, inputs, random);
    } finally {
      await cleanup.run();
    }
  }
  console.log(`${file} breaks no rule any more`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: 'codec' },
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Date.now()) },
      replay: { type: 'string' },
    },
  });
  const { target, seed } = values;
  const seconds = Number(values.seconds);
  if (!['codec', 'program'].includes(target) || !(seconds > 0)) throw new Error(USAGE);
  if (values.replay !== undefined) return replay(values.replay);
  console.log(`target ${target}, seed ${seed}, ${seconds} s`);
  const startMs = performance.now();
  const isDone = (): boolean => performance.now() - startMs > seconds * 1000;
  try {
    const messages = target === 'codec' ? runCodec(seed, isDone) : await runProgram(seed, isDone);
    const tookSeconds = (performance.now() - startMs) / 1000;
    console.log(`${messages} messages, ${Math.round(messages / tookSeconds)} a second: no rule was broken`);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const { direction, inputs, message } = error;
    const file = save({ target, seed, message, direction, inputs });
    if (inputs.length === 1) console.error(escapeBytes(inputs[0] ?? '', 4_000));
    console.error(error.cause);
    console.error(`Saved: npm run fuzz -- --replay ${file}`);
    process.exitCode = 1;
  }
}

await main();
