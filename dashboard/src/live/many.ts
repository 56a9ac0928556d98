/**
 * A change to many backends: made a few at a time, so that there is something to see and it can be
 * stopped, and told one by one where it was not made. Called by the confirmation dialog.
 */
import type { BackendStatus, DryRun, FormerBackend } from '../../../src/protocol/admin-api.ts';
import type { ManyChange, Preview, Written } from '../change.ts';
import type { BackendSort, PoolFields, Topic } from '../protocol.ts';
import { poolTopic } from '../topics.ts';
import { refusalOf, setPending, tellDone } from './actions.ts';
import { ApiError, checkBackend, getSnapshot, previewChange, writeChange } from './api.ts';
import { notify } from './notices.ts';
import { refresh } from './session.ts';

/** Written and answered at once. */
const AT_A_TIME = 25;
/** Checks that are under way at the same moment. */
const CHECKS_AT_A_TIME = 4;

export interface Failed {
  readonly backend: string;
  readonly why: string;
}

export interface Progress {
  readonly total: number;
  /** Those that it was made on. */
  readonly done: number;
  readonly failed: readonly Failed[];
  readonly isOver: boolean;
}

interface Controls {
  /** Told whenever there is news. */
  readonly onProgress: (progress: Progress) => void;
  readonly isStopped: () => boolean;
}

/** Resolves when all are done, refused, or it was stopped. `preview` is what somebody has seen of it. */
export async function makeMany(change: ManyChange, preview: Preview, controls: Controls): Promise<Progress> {
  const failed: Failed[] = (preview.refused ?? []).map(({ backend, detail }) => ({ backend, why: detail }));
  const refused = new Set(failed.map(({ backend }) => backend));
  const left = change.backends.filter((name) => !refused.has(name));
  const before = new Map(preview.former.backends.map((backend) => [backend.name, backend]));
  const made: string[] = [];
  let last: Written | null = null;
  let { tag } = preview;
  let isOver = false;
  const progress = (): Progress => ({ total: change.backends.length, done: made.length, failed: [...failed], isOver });
  while (left.length > 0 && !controls.isStopped()) {
    const part: ManyChange = { ...change, backends: left.slice(0, AT_A_TIME) };
    setPending(part, true);
    try {
      const written: Written = await writeChange(part, tag);
      left.splice(0, part.backends.length);
      const whys = new Map(written.refused.map(({ backend, detail }) => [backend, detail]));
      made.push(...part.backends.filter((name) => !whys.has(name)));
      failed.push(...[...whys].map(([backend, why]) => ({ backend, why })));
      last = written;
      tag = written.tag;
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        const now = await stillMeant(part, left, before, failed).catch((problem: unknown) => refusalOf(problem));
        if (typeof now === 'object') tag = now.tag;
        else failed.push(...left.splice(0).map((backend) => ({ backend, why: now })));
      } else {
        const why = refusalOf(error);
        failed.push(...left.splice(0).map((backend) => ({ backend, why })));
      }
    } finally {
      setPending(part, false);
    }
    controls.onProgress(progress());
  }
  isOver = true;
  refresh();
  if (last !== null && made.length > 0) {
    const former: DryRun['former'] = { policy: null, backends: made.flatMap((name) => before.get(name) ?? []) };
    tellDone({ ...change, backends: made }, former, last);
  }
  controls.onProgress(progress());
  return progress();
}

/** Settings have changed. Whose value is another one now is left alone; with the rest it goes on. */
async function stillMeant(
  part: ManyChange,
  left: string[],
  before: ReadonlyMap<string, FormerBackend>,
  failed: Failed[],
): Promise<Preview> {
  const valueOf = (backend: FormerBackend): string | number => (part.kind === 'mode' ? backend.mode : backend.weight);
  const now = await previewChange({ ...part, backends: [...left] });
  for (const backend of now.former.backends) {
    const told = before.get(backend.name);
    if (told !== undefined && valueOf(told) === valueOf(backend)) continue;
    failed.push({ backend: backend.name, why: `somebody changed it since: ${valueOf(backend)} now` });
    left.splice(left.indexOf(backend.name), 1);
  }
  return now;
}

/** Checks them all now, and tells in a notice how many have passed. */
export async function checkMany(pool: string, backends: readonly string[]): Promise<void> {
  const left = [...backends];
  const bad: string[] = [];
  let passed = 0;
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      try {
        const check = await checkBackend(pool, name);
        if (check?.isPass === true) passed += 1;
        else bad.push(`${name}: ${check === null ? 'no result yet' : check.detail}`);
      } catch (error) {
        bad.push(`${name}: ${refusalOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_A_TIME }, work));
  const shown = bad.slice(0, 5).join('; ');
  const words = `${pool}: ${passed} of ${backends.length} passed their check.`;
  if (bad.length === 0) notify('good', words);
  else notify('bad', `${words} ${shown}${bad.length > 5 ? `; and ${bad.length - 5} more` : ''}`);
}

/** A window of the live channel has at most so many rows. */
const WINDOW_ROWS = 200;

/** Every backend of the pool that matches the filter, in the order of the table, as of now. */
export async function readMatching(
  pool: string,
  filter: string,
  sort: BackendSort | `-${BackendSort}` | null,
  count: number,
): Promise<readonly BackendStatus[]> {
  const windows = Math.max(1, Math.ceil(count / WINDOW_ROWS));
  const topics = Array.from({ length: windows }, (_, index) =>
    poolTopic(pool, { filter, sort, offset: index * WINDOW_ROWS, limit: WINDOW_ROWS }),
  );
  const rows = new Map<string, BackendStatus>();
  const snapshot = await getSnapshot(topics);
  for (const topic of topics) {
    const window = snapshot.topics[topic] as Topic<PoolFields, BackendStatus> | null | undefined;
    for (const row of window?.rows ?? []) rows.set(row.name, row);
  }
  return [...rows.values()];
}
