/**
 * The edits that people make at run time, each from the changes that stand to those that shall:
 * pure. An edit that changes nothing answers the very same object. A wrong one throws
 * `RosterError`.
 */
import { POLICIES, policyIndex } from '../../balancing/policies.ts';
import { formatAddress } from '../../config/addresses.ts';
import { readBackendUrl } from '../../config/backend-urls.ts';
import type { Config } from '../../config/schema.ts';
import { readBackendName } from '../../config/texts.ts';
import type { AdminMode, BackendAddition } from '../../protocol/admin-api.ts';
import { isStandIn } from '../names/all-addresses.ts';
import { type RosterBackend, RosterError, type RosterPool } from '../roster/roster-model.ts';
import { refusalOf } from './refused-addresses.ts';
import { changesOf, editBackend, type Override, type RuntimeChanges, replaceChanges } from './runtime-changes.ts';

const MAX_WEIGHT = 256;
const MODES: readonly string[] = ['ready', 'drain', 'maintenance'] satisfies AdminMode[];

export function choosePolicy(changes: RuntimeChanges, pool: RosterPool, policy: string): RuntimeChanges {
  if (policyIndex(policy) < 0) {
    const known = POLICIES.map(({ name }) => name).join(', ');
    throw new RosterError('policy-unknown', 422, `there is no policy ${JSON.stringify(policy)}; there are ${known}`);
  }
  if (policy === pool.policy) return changes;
  return replaceChanges(changes, {
    ...changesOf(changes, pool.name),
    policy: override(policy, pool.config.policy),
  });
}

export function chooseWeight(
  changes: RuntimeChanges,
  pool: RosterPool,
  backend: RosterBackend,
  weight: number,
): RuntimeChanges {
  checkWeight(weight);
  refuseRemoved(backend);
  refuseStandIn(backend);
  if (weight === backend.weight) return changes;
  const stand = changesOf(changes, pool.name);
  const inFile = pool.config.backends.find(({ name }) => name === backend.entry);
  if (inFile === undefined || backend.origin === 'runtime') {
    const added = stand.added.map((entry) => (entry.name === backend.name ? { ...entry, weight } : entry));
    return replaceChanges(changes, { ...stand, added });
  }
  return replaceChanges(
    changes,
    editBackend(stand, backend.name, (entry) => ({ ...entry, weight: override(weight, inFile.weight) })),
  );
}

export function chooseMode(
  changes: RuntimeChanges,
  pool: RosterPool,
  backend: RosterBackend,
  mode: AdminMode,
): RuntimeChanges {
  if (!MODES.includes(mode)) {
    throw new RosterError(
      'mode-unknown',
      422,
      `there is no mode ${JSON.stringify(mode)}; there are ${MODES.join(', ')}`,
    );
  }
  refuseRemoved(backend);
  refuseStandIn(backend);
  if (mode === backend.mode) return changes;
  const stand = changesOf(changes, pool.name);
  return replaceChanges(
    changes,
    editBackend(stand, backend.name, (entry) => ({ ...entry, mode })),
  );
}

/** Also answers the name that the new backend has got. */
export function addBackend(
  changes: RuntimeChanges,
  config: Config,
  pool: RosterPool,
  addition: BackendAddition,
): { readonly changes: RuntimeChanges; readonly name: string } {
  const reading = readBackendUrl(addition.url);
  if (!reading.isRead) throw new RosterError('backend-url-invalid', 422, reading.message);
  const { url, host, port } = reading.value;
  const refusal = refusalOf(host, port, config);
  if (refusal !== null) throw new RosterError('backend-address-refused', 422, refusal);
  const weight = addition.weight ?? 1;
  checkWeight(weight);
  const name = addition.name ?? formatAddress({ host, port });
  checkName(name);
  if (pool.isRemoved) throw new RosterError('pool-not-found', 404, `there is no pool ${pool.name}`);
  const isTwin = (backend: RosterBackend): boolean =>
    backend.name === name || backend.entry === name || backend.url === url;
  const twin = pool.backends.find((backend) => !backend.isRemoved && isTwin(backend));
  if (twin !== undefined) {
    throw new RosterError('backend-exists', 409, `pool ${pool.name} has ${twin.name} at ${twin.url} already`);
  }
  const stand = changesOf(changes, pool.name);
  // What a server of this name was told before it was removed is not meant for the new one.
  const fresh = { ...stand, backends: stand.backends.filter((entry) => entry.name !== name) };
  const inFile = pool.config.backends.find((backend) => backend.name === name);
  if (inFile !== undefined && inFile.url === url) {
    const back = { ...fresh, removed: stand.removed.filter((entry) => entry.name !== name) };
    const weighted = editBackend(back, name, (entry) => ({ ...entry, weight: override(weight, inFile.weight) }));
    return { changes: replaceChanges(changes, weighted), name };
  }
  const added = [...stand.added, { name, url, host, port, weight }];
  return { changes: replaceChanges(changes, { ...fresh, added }), name };
}

export function removeBackend(changes: RuntimeChanges, pool: RosterPool, backend: RosterBackend): RuntimeChanges {
  if (backend.addresses === 'all') {
    const text = `${backend.name} comes with the addresses of ${backend.host}: drain it, or take ${backend.entry} out of the config file`;
    throw new RosterError('backend-of-name', 409, text);
  }
  const stand = changesOf(changes, pool.name);
  const added = stand.added.filter(({ name }) => name !== backend.name);
  const backends = stand.backends.filter(({ name }) => name !== backend.name);
  const isAdded = added.length < stand.added.length;
  const removed = isAdded ? stand.removed : [...stand.removed, { name: backend.name, url: backend.url }];
  return replaceChanges(changes, { ...stand, backends, added, removed });
}

function override<Value>(value: Value, fileValue: Value): Override<Value> | null {
  return value === fileValue ? null : { value, fileValue };
}

function checkWeight(weight: number): void {
  if (Number.isInteger(weight) && weight >= 1 && weight <= MAX_WEIGHT) return;
  throw new RosterError('weight-invalid', 422, `a weight is a whole number from 1 to ${MAX_WEIGHT}, not ${weight}`);
}

function checkName(name: string): void {
  const reading = readBackendName(name);
  if (!reading.isRead) throw new RosterError('backend-name-invalid', 422, reading.message);
}

/** What would be said of it could hold for none of the addresses that come in its place. */
function refuseStandIn(backend: RosterBackend): void {
  if (!isStandIn(backend) || backend.address !== null) return;
  const text = `${backend.name} has no address yet, and each address becomes a backend of its own: ${backend.reason}`;
  throw new RosterError('backend-unresolved', 409, text);
}

function refuseRemoved(backend: RosterBackend): void {
  if (!backend.isRemoved) return;
  throw new RosterError('backend-removed', 409, `backend ${backend.name} is being removed`);
}
