/**
 * The restart without loss of a running balancer: checks the config file, freezes what only one
 * process may write, hands the sockets over, and tells how it went. Made and called by the
 * balancer; how the handing over goes is in `handover.ts`.
 *
 * Whatever goes wrong, this process goes on as before, loudly. One restart runs at a time.
 */
import type { Logger } from 'pino';
import { formatDiagnostic, loadConfigFile } from '../../config/load.ts';
import type { EventLevel } from '../../protocol/dashboard.ts';
import type { CarriedSessions, InheritedSocket } from '../../protocol/handover.ts';
import { formatStateFile } from '../changes/state-file.ts';
import type { Store } from '../changes/store.ts';
import type { Clock } from '../clock.ts';
import { healthToCarry } from '../health/carried-health.ts';
import type { Journal } from '../journal.ts';
import { namesToCarry } from '../names/carried-names.ts';
import type { Roster } from '../roster/roster.ts';
import { type HandoverOutcome, handOver, type Launch } from './handover.ts';

export interface RestarterOptions {
  /** Null where the config did not come from a file: there is nothing to check then. */
  readonly path: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly roster: Roster;
  readonly store: Store;
  /** Resolves when no reload is under way. */
  readonly settled: () => Promise<void>;
  /** Of this process now; null while not all of its workers accept. */
  readonly sockets: () => readonly InheritedSocket[] | null;
  /** Of the admin API; null without a token. */
  readonly sessions: () => CarriedSessions | null;
  readonly journal: Journal;
  readonly log: Logger;
  readonly clock?: Clock;
}

export class Restarter {
  readonly #options: RestarterOptions;
  #underWay: { readonly controller: AbortController; readonly outcome: Promise<HandoverOutcome> } | null = null;
  #isHandedOver = false;

  constructor(options: RestarterOptions) {
    this.#options = options;
  }

  /** From here on nothing may be changed that the new process reads. */
  get isUnderWay(): boolean {
    return this.#underWay !== null;
  }

  /** Another process serves. */
  get isHandedOver(): boolean {
    return this.#isHandedOver;
  }

  /** Never rejects. */
  restart(launch: Launch): Promise<HandoverOutcome> {
    if (this.#underWay !== null) {
      return Promise.resolve({ isHandedOver: false, problem: 'a restart is under way already' });
    }
    const controller = new AbortController();
    const outcome = this.#restart(launch, controller.signal);
    this.#underWay = { controller, outcome };
    return outcome;
  }

  /** Breaks off the restart that is under way, if any; resolves when it has ended in one way or the other. */
  async abort(reason: string): Promise<void> {
    this.#underWay?.controller.abort(reason);
    await this.#underWay?.outcome;
  }

  async #restart(launch: Launch, signal: AbortSignal): Promise<HandoverOutcome> {
    const outcome = (await this.#refusal()) ?? (await this.#handOver(launch, signal));
    this.#isHandedOver = outcome.isHandedOver;
    this.#underWay = null;
    return outcome;
  }

  async #refusal(): Promise<HandoverOutcome | null> {
    const { path, env, log, settled, sockets } = this.#options;
    const loaded = path === null ? null : loadConfigFile(path, env);
    if (loaded !== null && !loaded.ok) {
      const problems = loaded.diagnostics.map(formatDiagnostic);
      for (const problem of problems) log.error(problem);
      const head = problems[0]?.split('\n')[0] ?? '';
      return this.#fail(
        'restart-refused',
        problems.length === 1 ? head : `${problems.length} problems, the first: ${head}`,
      );
    }
    await settled();
    return sockets() === null ? this.#fail('restart-refused', 'not every worker accepts just now; try again') : null;
  }

  async #handOver(launch: Launch, signal: AbortSignal): Promise<HandoverOutcome> {
    const { roster, store, sockets, sessions, clock } = this.#options;
    this.#tell('info', 'restart-begun', 'starting a new process to take the ports over');
    const outcome = await handOver({
      launch,
      sockets: () => sockets() ?? [],
      freeze: async () => {
        roster.freeze();
        await store.persist();
        store.hold();
        return {
          state: formatStateFile(roster.changes),
          health: healthToCarry(roster),
          names: namesToCarry(roster),
          sessions: sessions(),
        };
      },
      thaw: () => {
        store.release();
        roster.thaw();
      },
      signal,
      ...(clock === undefined ? {} : { clock }),
    });
    if (!outcome.isHandedOver) return this.#fail('restart-failed', outcome.problem);
    this.#tell('good', 'handed-over', `process ${outcome.pid} serves; what is under way here is finished here`);
    return outcome;
  }

  #fail(kind: string, problem: string): HandoverOutcome {
    this.#tell('bad', kind, `this process goes on as before: ${problem}`);
    return { isHandedOver: false, problem };
  }

  #tell(level: EventLevel, kind: string, text: string): void {
    this.#options.journal.add({ level, kind, subject: '', text, origin: 'restart' });
  }
}
