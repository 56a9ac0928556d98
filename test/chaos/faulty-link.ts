/** One connection through the fault proxy: two directions, and the fault that they suffer. */
import net from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Fault, Side } from './faults.ts';

const EARLY_ANSWER =
  'HTTP/1.1 413 Content Too Large\r\nX-Served-By: early\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const BANDWIDTH_STEP_MS = 10;
const IDLE_LOOK_MS = 2;
/** Slices are fine where heads and the lines of chunks are; a large body in them would take minutes. */
const SLICED_BYTES = 4_000;
const COARSE = 64;

export class FaultyLink {
  readonly ended: Promise<void>;
  readonly #near: net.Socket;
  readonly #far: net.Socket;
  readonly #fault: Fault;
  readonly #passed: Record<Side, number> = { request: 0, answer: 0 };
  /** The direction ends here: what still comes is dropped. */
  readonly #isCut: Record<Side, boolean> = { request: false, answer: false };
  #lastMs = performance.now();

  /** @param near accepted and paused */
  constructor(near: net.Socket, target: number, fault: Fault) {
    this.#near = near;
    this.#fault = fault;
    this.#far = new net.Socket({ allowHalfOpen: true });
    const sockets = [this.#near, this.#far];
    this.ended = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))).then(
      () => {},
    );
    for (const socket of sockets) {
      socket.setNoDelay(true);
      // An end that is lost on one side is lost on the other.
      socket.on('error', () => this.reset());
      socket.on('close', () => this.#leave());
    }
    void this.#open(target);
  }

  reset(): void {
    resetSocket(this.#near);
    resetSocket(this.#far);
  }

  /** One side is gone: the other one goes once it has been given what it has still to get. */
  #leave(): void {
    for (const socket of [this.#near, this.#far]) if (!socket.destroyed) socket.destroySoon();
  }

  async #open(target: number): Promise<void> {
    const fault = this.#fault;
    if (fault.kind === 'close-on-accept' || fault.kind === 'reset-on-accept') {
      if (fault.kind === 'reset-on-accept') return this.reset();
      this.#far.destroy();
      return void this.#near.end(() => this.#near.destroy());
    }
    if (fault.kind === 'slow-accept') await delay(fault.ms);
    if (this.#near.destroyed) return void this.#far.destroy();
    this.#far.connect({ port: target, host: '127.0.0.1' });
    void this.#run('request', this.#near, this.#far);
    void this.#run('answer', this.#far, this.#near);
    if (fault.kind === 'idle-close') void this.#closeWhenIdle(fault.ms, fault.isReset);
  }

  async #run(side: Side, from: net.Socket, to: net.Socket): Promise<void> {
    try {
      // The end of one direction must not end the other.
      for await (const piece of from.iterator({ destroyOnReturn: false })) {
        await this.#pass(side, piece as Buffer, to);
      }
      if (!this.#isCut[side]) to.end();
      else if (this.#fault.kind === 'silence') this.#leave();
    } catch {
      this.reset();
    }
  }

  async #pass(side: Side, piece: Buffer, to: net.Socket): Promise<void> {
    this.#lastMs = performance.now();
    if (this.#isCut[side]) return;
    const fault = this.#fault;
    const before = this.#passed[side];
    this.#passed[side] += piece.length;
    const limit = limitOf(fault, side);
    if (this.#passed[side] <= limit) return this.#write(piece, to);
    if (limit > before) await this.#write(piece.subarray(0, limit - before), to);
    this.#isCut[side] = true;
    if (fault.kind === 'half-close') return void (to.writable && to.end());
    this.#cutBoth();
    if (fault.kind === 'reset') this.reset();
    else if (fault.kind === 'early-answer') {
      this.#far.destroy();
      this.#near.end(EARLY_ANSWER);
    } else if (fault.kind === 'truncate') {
      to.end();
      (to === this.#near ? this.#far : this.#near).destroy();
    }
  }

  #cutBoth(): void {
    this.#isCut.request = true;
    this.#isCut.answer = true;
  }

  async #write(piece: Buffer, to: net.Socket): Promise<void> {
    const fault = this.#fault;
    if (fault.kind === 'delay') await delay(fault.ms);
    const step =
      fault.kind === 'slice'
        ? fault.bytes * (this.#passed.request + this.#passed.answer > SLICED_BYTES ? COARSE : 1)
        : fault.kind === 'bandwidth'
          ? Math.ceil((fault.bytesPerSecond * BANDWIDTH_STEP_MS) / 1000)
          : piece.length;
    for (let at = 0; at < piece.length; at += step) {
      if (!to.writable) return;
      if (!to.write(piece.subarray(at, at + step))) await drained(to);
      if (fault.kind === 'bandwidth') await delay(BANDWIDTH_STEP_MS);
      else if (fault.kind === 'slice') await nextTurn();
    }
  }

  async #closeWhenIdle(idleMs: number, isReset: boolean): Promise<void> {
    while (!this.#near.destroyed) {
      await delay(IDLE_LOOK_MS);
      if (this.#passed.answer === 0 || performance.now() - this.#lastMs < idleMs) continue;
      // From here on, what still comes has come too late for the backend.
      this.#cutBoth();
      this.#far.destroy();
      if (isReset) resetSocket(this.#near);
      else this.#near.end(() => this.#near.destroy());
      return;
    }
  }
}

/** How many bytes of the side may pass. */
function limitOf(fault: Fault, side: Side): number {
  if (fault.kind === 'early-answer') return side === 'request' ? fault.afterBytes : Infinity;
  if ('side' in fault) return fault.side === side ? fault.afterBytes : Infinity;
  return Infinity;
}

/** A socket whose end is on its way already cannot be reset: it would be left open. */
function resetSocket(socket: net.Socket): void {
  if (socket.destroyed || socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Resolves when the socket takes more, or never will. */
function drained(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
