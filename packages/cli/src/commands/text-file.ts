/**
 * Reads and writes text files that belong to the user's project.
 */
import { mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure, messageOf } from '../errors.js';
import { writeFileAtomically } from '../files/atomic-write.js';
import { displayPath } from '../terminal/text.js';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The text of a file; undefined where there is none. @throws Failure where it cannot be read */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new Failure(`cannot read ${displayPath(file)}: ${messageOf(error)}`);
  }
}

/**
 * Writes a file, and the folders that it needs. One that exists is replaced in one step and keeps its mode; a symbolic link stays
 * one.
 *
 * @throws Failure where it cannot be written; then an old file is unchanged
 */
export async function writeText(file: string, text: string): Promise<void> {
  try {
    const target = await realpath(file).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (target === undefined) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    } else writeFileAtomically(target, text, { like: await stat(target) });
  } catch (error) {
    throw new Failure(`cannot write ${displayPath(file)}: ${messageOf(error)}`);
  }
}
