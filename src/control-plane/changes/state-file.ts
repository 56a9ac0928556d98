/**
 * The format of the state file: JSON with a name and a version, checked whole before use. Pure.
 *
 * Read and written by `store.ts`. A file of a newer version is not guessed at.
 */
import { z } from 'zod';
import type { RuntimeChanges } from './runtime-changes.ts';

const FORMAT = 'ballast-state';
const VERSION = 1;

const weight = z.int().min(1).max(256);
const port = z.int().min(1).max(65_535);

const ChangesSchema = z.strictObject({
  pools: z.array(
    z.strictObject({
      name: z.string(),
      policy: z.strictObject({ value: z.string(), fileValue: z.string() }).nullable(),
      backends: z.array(
        z.strictObject({
          name: z.string(),
          weight: z.strictObject({ value: weight, fileValue: weight }).nullable(),
          mode: z.enum(['ready', 'drain', 'maintenance']),
        }),
      ),
      added: z.array(z.strictObject({ name: z.string(), url: z.string(), host: z.string(), port, weight })),
      removed: z.array(z.strictObject({ name: z.string(), url: z.string() })),
    }),
  ),
}) satisfies z.ZodType<RuntimeChanges>;

export type StateFileReading =
  | { readonly isRead: true; readonly changes: RuntimeChanges }
  | { readonly isRead: false; readonly problem: string };

/** Reads the text of a state file, or says why it is none. */
export function readStateFile(text: string): StateFileReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT) {
    return refuse('it is not a state file of Ballast');
  }
  if (!('version' in value) || value.version !== VERSION) {
    const version = 'version' in value ? String(value.version) : 'none';
    return refuse(`its version is ${version}, and this Ballast reads version ${VERSION}`);
  }
  const reading = ChangesSchema.safeParse('changes' in value ? value.changes : undefined);
  if (reading.success) return { isRead: true, changes: reading.data };
  const [issue] = reading.error.issues;
  return refuse(`changes.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is damaged'}`);
}

/** The text of the state file. */
export function formatStateFile(changes: RuntimeChanges): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, changes }, null, 2)}\n`;
}

function refuse(problem: string): StateFileReading {
  return { isRead: false, problem };
}
