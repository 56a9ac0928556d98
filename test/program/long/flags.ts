/** Numbers on the command line of a long check, `--NAME=NUMBER`, for those who have less time. */
import { parseArgs } from 'node:util';

/** The numbers given, or those of `defaults`. Any other flag is an error. */
export function readFlags<Name extends string>(defaults: Readonly<Record<Name, number>>): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options, allowPositionals: false });
  const flags: Record<Name, number> = { ...defaults };
  for (const name of names) {
    const text = values[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (typeof text !== 'string' || !(value > 0)) throw new Error(`--${name} is a number above 0`);
    flags[name] = value;
  }
  return flags;
}
