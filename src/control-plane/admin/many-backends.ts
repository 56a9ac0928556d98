/**
 * One change to several backends of a pool, for `PATCH /api/v1/pools/:pool/backends`: made on each
 * that takes it, and a reason for each that does not.
 *
 * Called by `routes.ts`, which has looked at `If-Match` and waits for the disk afterwards.
 */
import type { BackendPatch, BackendsPatch, RefusedChange } from '../../protocol/admin-api.ts';
import type { RuntimeChanges } from '../changes/runtime-changes.ts';
import { chooseMode, chooseWeight } from '../changes/runtime-edits.ts';
import type { Roster } from '../roster/roster.ts';
import { type RosterBackend, RosterError, type RosterPool } from '../roster/roster-model.ts';

type Origin = Parameters<Roster['setMode']>[2];

/** What the change would make of the run-time changes. It changes nothing. */
export function previewMany(
  roster: Roster,
  pool: RosterPool,
  patch: BackendsPatch,
): { readonly changes: RuntimeChanges; readonly refused: readonly RefusedChange[] } {
  let { changes } = roster;
  const { refused } = forEach(roster, pool, patch, (backend) => {
    changes = edited(changes, pool, backend, patch);
  });
  return { changes, refused };
}

/** Makes it. A name that is given twice is one. */
export function changeMany(
  roster: Roster,
  pool: RosterPool,
  patch: BackendsPatch,
  origin: Origin,
): { readonly changed: readonly string[]; readonly refused: readonly RefusedChange[] } {
  return forEach(roster, pool, patch, (backend) => {
    if (patch.weight !== undefined) roster.setWeight(backend, patch.weight, origin);
    if (patch.mode !== undefined) roster.setMode(backend, patch.mode, origin);
  });
}

function edited(
  changes: RuntimeChanges,
  pool: RosterPool,
  backend: RosterBackend,
  { weight, mode }: BackendPatch,
): RuntimeChanges {
  const weighted = weight === undefined ? changes : chooseWeight(changes, pool, backend, weight);
  return mode === undefined ? weighted : chooseMode(weighted, pool, backend, mode);
}

function forEach(
  roster: Roster,
  pool: RosterPool,
  { backends }: BackendsPatch,
  act: (backend: RosterBackend) => void,
): { readonly changed: readonly string[]; readonly refused: readonly RefusedChange[] } {
  const changed: string[] = [];
  const refused: RefusedChange[] = [];
  for (const name of new Set(backends)) {
    const backend = roster.backend(pool.name, name);
    if (backend === undefined) {
      refused.push({ backend: name, code: 'backend-not-found', detail: `there is no backend ${JSON.stringify(name)}` });
      continue;
    }
    try {
      act(backend);
      changed.push(name);
    } catch (error) {
      if (!(error instanceof RosterError)) throw error;
      refused.push({ backend: name, code: error.code, detail: error.detail });
    }
  }
  return { changed, refused };
}
