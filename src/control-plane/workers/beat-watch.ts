/**
 * Whether a worker's event loop still turns: pure, one look a second.
 *
 * A worker raises its beat once a second. One that is merely slow raises it late and is left
 * alone; of one that stands still, others know after three seconds, since the kernel goes on
 * handing it new clients, who wait. To end it costs all that it has in flight, so that takes
 * proof: four seconds of processor time in a single turn of the loop, which no honest work takes,
 * or twenty seconds without a turn in which it does nothing but wait, or a minute whatever it does.
 * A machine that is starved, swaps or collects a large heap stays below that. Looks are counted and
 * not time: after a pause of the whole process nothing is stuck.
 */

/** Looks at a beat that stands still, until … */
const BLOCKED_LOOKS = 3;
const WAITING_LOOKS = 20;
/** Also of a start, which reads and compiles the program, perhaps from a slow disk. */
const STUCK_LOOKS = 60;
const SPINNING_CPU_MS = 4_000;
/** One that waits uses no more than this for each look. */
const WAITING_CPU_MS = 10;

export type BeatFinding = 'moving' | 'still' | 'blocked' | 'recovered' | 'spinning' | 'stuck';

export class BeatWatch {
  /** Looks in a row, up to the last one, at which it stood still. */
  stillLooks = 0;
  /** The same of the latest block that is over. */
  blockedLooks = 0;
  #lastBeat = 0;
  #firstCpuMs: number | null = null;
  #lastCpuMs: number | null = null;

  /** For another thread, whose beat begins anew. */
  reset(): void {
    this.stillLooks = 0;
    this.#lastBeat = 0;
    this.#firstCpuMs = null;
    this.#lastCpuMs = null;
  }

  /** `blocked` and `recovered` are each found once. After `spinning` or `stuck` the thread should be ended. */
  look(beat: number, isStarting: boolean): BeatFinding {
    if (beat !== this.#lastBeat) return this.#moved(beat);
    this.stillLooks++;
    if (this.stillLooks >= STUCK_LOOKS) return 'stuck';
    if (isStarting) return 'still';
    const cpuMs = (this.#lastCpuMs ?? 0) - (this.#firstCpuMs ?? 0);
    if (cpuMs >= SPINNING_CPU_MS) return 'spinning';
    if (this.stillLooks >= WAITING_LOOKS && cpuMs < WAITING_CPU_MS * this.stillLooks) return 'stuck';
    return this.stillLooks === BLOCKED_LOOKS ? 'blocked' : 'still';
  }

  /** The processor time that the thread has used so far; to be told after each look at a still beat. */
  cpuIs(cpuMs: number): void {
    if (this.stillLooks === 0) return;
    this.#firstCpuMs ??= cpuMs;
    this.#lastCpuMs = cpuMs;
  }

  #moved(beat: number): BeatFinding {
    const { stillLooks } = this;
    this.reset();
    this.#lastBeat = beat;
    if (stillLooks < BLOCKED_LOOKS) return 'moving';
    this.blockedLooks = stillLooks;
    return 'recovered';
  }
}
