/**
 * The config file on disk: read, looked at, and replaced by another text. Used by the config
 * editor; what the text means is not its business.
 *
 * A link is followed: what it leads to is replaced, and the link stays. Mode and owner stay too.
 * A file that nobody may write to is left alone, even where this process could replace it.
 */
import { constants, readFileSync } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { hashOf } from '../../config/load.ts';
import { stageFile } from './staged-file.ts';

/** For a file that was not there: it may hold secrets. */
const NEW_FILE = { mode: 0o600 };
const ANY_WRITE = 0o222;

export type FileReading =
  | { readonly text: string; readonly problem: null }
  | { readonly text: null; readonly problem: string };

export async function readOnDisk(path: string): Promise<FileReading> {
  try {
    const bytes = await readFile(path);
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), problem: null };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: null, problem: 'the file is gone' };
    const why = error instanceof TypeError ? 'it is not UTF-8 text' : `cannot read it: ${codeOf(error)}`;
    return { text: null, problem: why };
  }
}

/** SHA-256 of the text on disk at this moment, hexadecimal; null where there is none to read. */
export function hashOnDisk(path: string): string | null {
  try {
    return hashOf(readFileSync(path));
  } catch {
    return null;
  }
}

/** Why the file cannot be replaced, as far as that can be told without trying; null where it can. */
export async function writeProblemOf(path: string): Promise<string | null> {
  const target = await targetOf(path);
  const folder = dirname(target);
  try {
    const found = await stat(target).catch(() => null);
    // Root may write to everything, and should not to what is marked as read-only.
    if (found !== null && (found.mode & ANY_WRITE) === 0) return `${basename(target)} is read-only`;
    if (found !== null) await access(target, constants.W_OK);
  } catch (error) {
    return `${basename(target)} is read-only: ${codeOf(error)}`;
  }
  try {
    await access(folder, constants.W_OK);
    return null;
  } catch (error) {
    return `the folder ${folder} cannot be written to: ${codeOf(error)}`;
  }
}

export interface StagedConfig {
  /** Answers what is in the way, or null where it is done. */
  readonly commit: () => string | null;
  /** Never rejects. */
  readonly sync: () => Promise<void>;
  readonly discard: () => Promise<void>;
}

/** Lays the text beside the file, or says why that cannot be done. */
export async function stageConfig(path: string, text: string): Promise<StagedConfig | { readonly problem: string }> {
  const target = await targetOf(path);
  const owner = await stat(target).catch(() => NEW_FILE);
  const problemOf = (error: unknown): string => `${basename(target)} cannot be replaced: ${messageOf(error)}`;
  try {
    const staged = await stageFile(target, text, owner);
    return {
      commit: () => {
        try {
          staged.commit();
          return null;
        } catch (error) {
          return problemOf(error);
        }
      },
      // It holds already; a file system that cannot sync its folders is no reason to say otherwise.
      sync: () => staged.sync().catch(() => {}),
      discard: () => staged.discard(),
    };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** The file itself, behind all links. */
function targetOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
