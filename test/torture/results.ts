/** What the checks found, as data: `results.json`, from which the page is written. Never edited by hand. */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('./results.json', import.meta.url);

export interface Row {
  readonly isPassed: boolean;
  /** In the check's own words, with its figures. */
  readonly measured: string;
  /** The first things that were wrong. */
  readonly faults: readonly string[];
  readonly seed: string;
  readonly commit: string;
  readonly seconds: number;
}

export interface Results {
  /** What a figure depends on and a reader cannot see. */
  readonly machine: string;
  /** By promise; one that was never measured is not there. */
  readonly rows: Readonly<Record<string, Row>>;
}

export function readResults(): Results {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { machine: '', rows: {} };
  }
}

export function writeResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
}
