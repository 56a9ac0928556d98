/**
 * The config file as people change it here: its text, a check of another one, its application,
 * what was in force before, and the way back. Secrets are hidden in every text that goes out.
 *
 * The tag of the file is the digest of its text on disk. A change with `If-Match` is made only if
 * the file still is what the sender has read; and in any case only if nobody else writes to it
 * between the look at it here and its replacement.
 */
import { z } from 'zod';
import type { ConfigApplied, ConfigFileText, ConfigRevisionRow, ConfigRevisionText } from '../../protocol/admin-api.ts';
import type { Edited, Terms } from '../reload/config-editor.ts';
import type { ConfigRevision } from '../reload/config-revisions.ts';
import type { EditReason, EditRefused } from '../reload/edit-outcome.ts';
import { readBody } from './body.ts';
import { isDryRun } from './conditions.ts';
import type { AdminDeps } from './deps.ts';
import { ProblemError } from './problems.ts';
import { type AdminApp, type AdminContext, addPath } from './routes.ts';

/** As JSON; a file of thousands of backends has less. */
const MAX_CONFIG_BYTES = 512 * 1024;
const ORIGIN = 'admin API';

const TextSchema = z.strictObject({ text: z.string() });
const RollbackSchema = z.strictObject({ revision: z.int().min(1) });

export function addConfigFileRoutes(app: AdminApp, { configEditor, loadedConfig }: AdminDeps): void {
  addPath(app, '/api/v1/config/file', {
    GET: async (c) => {
      const file = await configEditor.file();
      if (file === null) throw noFile();
      c.header('etag', fileTag(file.hash));
      return c.json({ ...file, isChanged: file.hash !== loadedConfig().hash } satisfies ConfigFileText);
    },
  });
  addPath(app, '/api/v1/config/check', {
    POST: async (c) => {
      const { text } = await readBody(c.req.raw, TextSchema, MAX_CONFIG_BYTES);
      const check = await configEditor.check(text);
      if ('reason' in check) throw problemOfEdit(check);
      return c.json(check);
    },
  });
  addPath(app, '/api/v1/config/apply', {
    POST: async (c) => {
      const { text } = await readBody(c.req.raw, TextSchema, MAX_CONFIG_BYTES);
      const terms = await termsOf(c);
      return answer(c, await configEditor.apply(text, terms), terms);
    },
  });
  addPath(app, '/api/v1/config/rollback', {
    POST: async (c) => {
      const { revision } = await readBody(c.req.raw, RollbackSchema);
      const terms = await termsOf(c);
      const outcome = await configEditor.rollBack(revision, terms);
      if (outcome === null) throw noRevision(String(revision));
      return answer(c, outcome, terms);
    },
  });
  addPath(app, '/api/v1/config/revisions', {
    GET: (c) => c.json({ revisions: configEditor.revisions.map(rowOf) }),
  });
  addPath(app, '/api/v1/config/revisions/:id', {
    GET: (c) => {
      const id = c.req.param('id') ?? '';
      const found = configEditor.revisions.find((revision) => String(revision.id) === id);
      const text = found === undefined ? null : configEditor.revisionText(found.id);
      if (found === undefined || text === null) throw noRevision(id);
      return c.json({ ...rowOf(found), text } satisfies ConfigRevisionText);
    },
  });

  /** Throws where the sender has read another file. */
  async function termsOf(context: AdminContext): Promise<Terms> {
    const isShown = isDryRun(context.req.query());
    const file = await configEditor.file();
    const before = file?.hash ?? null;
    const wanted = context.req.header('if-match');
    const isMet = wanted === undefined || wanted.split(',').some((one) => ['*', fileTag(before)].includes(one.trim()));
    if (file !== null && !isMet) throw changed(before);
    return { before, origin: ORIGIN, isShown };
  }

  function answer(context: AdminContext, outcome: Edited | EditRefused, { before, isShown }: Terms): Response {
    if (!outcome.ok) throw problemOfEdit(outcome);
    context.header('etag', fileTag(isShown ? before : outcome.hash));
    return context.json(appliedAnswer(outcome, isShown));
  }

  function rowOf({ id, atMs, origin, kind, hash, changes }: ConfigRevision): ConfigRevisionRow {
    return { id, atMs, origin, kind, hash, changes, isInForce: id === configEditor.revisions[0]?.id };
  }
}

export function appliedAnswer({ hash, result }: Edited, isShown: boolean): ConfigApplied {
  const { revision, changes, needsRestart, overruled, warnings } = result;
  return { revision, hash, changes, needsRestart, overruled, warnings, dryRun: isShown };
}

const PROBLEMS: Readonly<Record<EditReason, readonly [status: number, code: string]>> = {
  'no-file': [409, 'config-not-from-file'],
  changed: [412, 'config-file-changed'],
  'read-only': [409, 'config-file-read-only'],
  invalid: [422, 'config-invalid'],
  'not-now': [503, 'reload-not-now'],
  'not-writable': [409, 'change-not-writable'],
  'secret-unknown': [409, 'secret-unknown'],
  'secret-misplaced': [422, 'secret-misplaced'],
  'paths-need-token': [403, 'paths-need-token'],
  busy: [503, 'check-busy'],
  'too-costly': [422, 'check-too-costly'],
};

/** The middle of a sentence, made a whole one. */
const HEADS: Partial<Readonly<Record<EditReason, string>>> = {
  'read-only': 'The config file cannot be written',
  'not-writable': 'Ballast cannot write this change into the file',
};

export function problemOfEdit({ reason, detail, diagnostics, problems }: EditRefused): ProblemError {
  const [status, code] = PROBLEMS[reason];
  const head = HEADS[reason];
  return new ProblemError(status, code, head === undefined ? detail : `${head}: ${detail}.`, {
    ...(status === 503 ? { headers: { 'retry-after': '1' } } : {}),
    errors: problems.map((problem) => ({ pointer: '', detail: problem })),
    diagnostics,
  });
}

function fileTag(hash: string | null): string {
  return `"${hash ?? 'none'}"`;
}

function changed(hash: string | null): ProblemError {
  const detail = 'The config file has changed since it was read; read it again.';
  return new ProblemError(412, 'config-file-changed', detail, { headers: { etag: fileTag(hash) } });
}

function noFile(): ProblemError {
  return new ProblemError(409, 'config-not-from-file', 'The config did not come from a file.');
}

function noRevision(id: string): ProblemError {
  return new ProblemError(404, 'revision-not-found', `Config ${JSON.stringify(id)} is not kept here.`);
}
