/** The conformance cases as seeds: what one side may write, without what must come of it. */
import { readRequestCases, readResponseCases } from '../conformance/cases.ts';

/** A message that is longer says no more, and its mutations hit nothing but its filling. */
const LONGEST_BYTES = 2048;

export type Direction = 'requests' | 'answers';

/** What is written in this direction in every case that is not long. */
export function readCorpus(direction: Direction): string[] {
  const cases = direction === 'requests' ? readRequestCases() : readResponseCases();
  return cases.map(({ raw }) => raw).filter(({ length }) => length > 0 && length <= LONGEST_BYTES);
}
