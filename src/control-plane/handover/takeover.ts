/**
 * Taking the ports over from an old process, as the new one sees it: the other half of
 * `handover.ts`, which holds the reasons. Made by the command line, used by it and the balancer.
 *
 * Until it is told to go, this process is nothing by itself: it ends when the old one does.
 */
import { z } from 'zod';
import {
  type Carried,
  type FromSuccessor,
  HANDOVER_VARIABLE,
  HANDOVER_VERSION,
  type Handover,
  type InheritedSocket,
} from '../../protocol/handover.ts';

/** The part of a Node process that this needs. */
export interface ChildProcess {
  readonly env: Record<string, string | undefined>;
  readonly ppid: number;
  readonly connected?: boolean;
  send?(message: unknown, sent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  disconnect?(): void;
}

export interface Takeover {
  readonly oldPid: number;
  readonly sockets: readonly InheritedSocket[];
  /** Says that nothing is in the way of a start; resolves with what the old process leaves. */
  prepared(): Promise<Carried>;
  /** Says that every worker accepts; resolves when this process may write what only one may. */
  ready(): Promise<void>;
  /** Says that this is the one that serves, and lets go of the old process. */
  serving(): Promise<void>;
  /** Says why it cannot be; resolves when that is said. */
  failed(problem: string): Promise<void>;
}

const port = z.int().min(0).max(65_535);

const HandoverSchema = z.object({
  version: z.literal(HANDOVER_VERSION),
  sockets: z.array(
    z.object({ use: z.enum(['listener', 'admin']), name: z.string(), host: z.string(), port, fd: z.int().min(3) }),
  ),
}) satisfies z.ZodType<Handover>;

const CheckSchema = z.object({
  atMs: z.number(),
  isPass: z.boolean(),
  detail: z.string(),
  durationMs: z.number(),
});

const MessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('take'),
    state: z.string(),
    health: z.array(
      z.object({
        pool: z.string(),
        backend: z.string(),
        url: z.string(),
        health: z.enum(['healthy', 'unhealthy']),
        check: CheckSchema,
      }),
    ),
    names: z.array(z.object({ host: z.string(), addresses: z.array(z.string()) })).optional(),
    sessions: z
      .object({
        tokenDigest: z.string(),
        open: z.array(z.object({ digest: z.string(), leftMs: z.number() })),
      })
      .nullable(),
  }),
  z.object({ type: z.literal('go') }),
]);

/**
 * Null where this process was started by itself. Throws where it was started to take over and
 * cannot. `onOrphaned` is called when the old process is gone before it has let go.
 */
export function takeoverOf(child: ChildProcess, onOrphaned: () => void): Takeover | null {
  const text = child.env[HANDOVER_VARIABLE];
  if (text === undefined) return null;
  // It is about this process, and not about those that it will start.
  delete child.env[HANDOVER_VARIABLE];
  // Without a channel another runtime came in between, and the numbers of the sockets mean nothing.
  if (child.send === undefined || child.connected !== true) throw new Error('the old process cannot be reached');
  const { sockets } = HandoverSchema.parse(JSON.parse(text));

  let isOver = false;
  const taken = Promise.withResolvers<Carried>();
  const gone = Promise.withResolvers<void>();
  child.on('disconnect', () => {
    if (!isOver) onOrphaned();
  });
  child.on('message', (value) => {
    const message = MessageSchema.parse(value);
    if (message.type === 'take') taken.resolve(message);
    else gone.resolve();
  });
  const say = (message: FromSuccessor): Promise<void> =>
    new Promise((resolve) => {
      child.send?.(message, resolve);
    });
  return {
    oldPid: child.ppid,
    sockets,
    async prepared() {
      await say({ type: 'prepared' });
      return taken.promise;
    },
    async ready() {
      await say({ type: 'ready' });
      return gone.promise;
    },
    async serving() {
      isOver = true;
      await say({ type: 'serving' });
      child.disconnect?.();
    },
    async failed(problem) {
      isOver = true;
      await say({ type: 'failed', problem });
    },
  };
}
