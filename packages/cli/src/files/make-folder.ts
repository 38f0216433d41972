/**
 * Makes a folder and those above it. Node's own recursive mkdir never ends in file systems that report a missing folder where
 * none can be made, such as /proc.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Makes a folder where it does not exist.
 *
 * @param mode the mode of each folder that is made
 * @throws what the file system throws
 */
export function makeFolder(folder: string, mode: number): void {
  const missing: string[] = [];
  for (let at = folder; !isFolder(at); at = dirname(at)) {
    missing.push(at);
    if (at === dirname(at)) break;
  }
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path, { mode });
    } catch (error) {
      // Another process has made it a moment ago.
      if (codeOf(error) !== 'EEXIST' || !isFolder(path)) throw error;
    }
  }
}
