/**
 * JSON bodies of writes: what they may look like, and how they are read.
 *
 * Read only after the sender was let in. At most 64 KiB where a path says nothing else, only
 * as `application/json` (which no HTML form can send), with no key that is not known: a misspelt
 * setting must be an error, not silence. `__proto__` and its kind are unknown keys like any other.
 */
import { z } from 'zod';
import type { BackendAddition, BackendPatch, BackendsPatch, PoolPatch } from '../../protocol/admin-api.ts';
import { ProblemError } from './problems.ts';

export const MAX_BODY_BYTES = 64 * 1024;

const weight = z.int().min(1).max(256);

export const PoolPatchSchema = z.strictObject({ policy: z.string().exactOptional() }) satisfies z.ZodType<PoolPatch>;

export const BackendPatchSchema = z.strictObject({
  weight: weight.exactOptional(),
  mode: z.enum(['ready', 'drain', 'maintenance']).exactOptional(),
}) satisfies z.ZodType<BackendPatch>;

export const BackendsPatchSchema = BackendPatchSchema.extend({
  backends: z.array(z.string().max(256)).min(1).max(10_000),
}) satisfies z.ZodType<BackendsPatch>;

export const BackendAdditionSchema = z.strictObject({
  url: z.string().max(2048),
  name: z.string().max(256).exactOptional(),
  weight: weight.exactOptional(),
}) satisfies z.ZodType<BackendAddition>;

export const SignInSchema = z.strictObject({ token: z.string().max(4096) });

/** Reads and checks the body. Throws `ProblemError`. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>, maxBytes = MAX_BODY_BYTES): Promise<T> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new ProblemError(415, 'content-type-unsupported', 'Bodies are taken as application/json only.');
  }
  const value = parse(await readText(request, maxBytes));
  // A plain assignment to this key would change the prototype, and the check would not see it.
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
    throw invalid([{ pointer: '/__proto__', detail: 'unknown key' }]);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${String(part)}`).join(''),
      detail: message,
    })),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError(400, 'body-malformed', 'The body is not JSON.');
  }
}

function invalid(errors: readonly { pointer: string; detail: string }[]): ProblemError {
  const detail = errors.map((error) => `${error.pointer || 'body'}: ${error.detail}`).join('; ');
  return new ProblemError(422, 'body-invalid', detail, { errors });
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body ?? []) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError(413, 'body-too-large', `Bodies hold at most ${maxBytes} bytes here.`, {
    headers: { connection: 'close' },
  });
}
