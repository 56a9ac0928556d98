/**
 * The entry of a process that checks one text as a config and ends. Started by `check-text.ts`,
 * which ends it where it takes too long: a small text can be made to cost minutes. It has an empty
 * environment; the variables that the text may see come with it.
 */
import { constants, setPriority } from 'node:os';
import { text as readAll } from 'node:stream/consumers';
import { loadConfigText } from '../../config/load.ts';
import type { CheckAnswer, CheckTask } from './check-text.ts';

const MAX_DIAGNOSTICS = 100;

// What serves comes first.
setPriority(constants.priority.PRIORITY_LOW);
const { text, file, variables } = JSON.parse(await readAll(process.stdin)) as CheckTask;
const result = loadConfigText(text, file, variables);
const all = result.ok ? result.warnings : result.diagnostics;
const answer: CheckAnswer = {
  config: result.ok ? result.config : null,
  diagnostics: all.slice(0, MAX_DIAGNOSTICS),
  moreDiagnostics: Math.max(0, all.length - MAX_DIAGNOSTICS),
};
process.stdout.write(JSON.stringify(answer));
