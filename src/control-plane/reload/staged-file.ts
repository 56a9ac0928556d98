/**
 * A file that takes the place of another one, whole or not at all: written beside it and synced
 * first, which is where everything can go wrong that will, and renamed over it later, in one step
 * that blocks for microseconds. At every moment the old file or the new one is there.
 *
 * Used by `store.ts` and `config-editor.ts`. It never writes into the file itself.
 */
import { renameSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FileOwner {
  readonly mode: number;
  /** Left out, whoever this process runs as. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface StagedFile {
  /** Puts it in its place. Throws where that cannot be done; the old file is there then. */
  commit(): void;
  /** Resolves when the new name is on disk as well. */
  sync(): Promise<void>;
  /** Takes it away, if it is still beside the old one. Never rejects. */
  discard(): Promise<void>;
}

/** Rejects with the error of the system where the folder cannot be written to. */
export async function stageFile(path: string, text: string, owner: FileOwner): Promise<StagedFile> {
  const temporary = `${path}.tmp`;
  const discard = (): Promise<void> => rm(temporary, { force: true }).catch(() => {});
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await own(file, owner);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    commit: () => renameSync(temporary, path),
    sync: () => syncFolder(dirname(path)),
    discard,
  };
}

async function own(file: FileHandle, { mode, uid, gid }: FileOwner): Promise<void> {
  if (uid !== undefined && gid !== undefined) {
    const now = await file.stat();
    if (now.uid !== uid || now.gid !== gid) await file.chown(uid, gid);
  }
  await file.chmod(mode & 0o7777);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    // The rename itself is on disk only with its folder, where the file system can do that.
    await folder.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await folder.close();
  }
}
