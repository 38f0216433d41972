/** The digest of a module's code: of all its local files. */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';

import { textOf } from './files.js';

/**
 * The digest of files: the same paths with the same texts give the same digest.
 *
 * @param base where the paths start, so that a copy of the folder has the same digest
 */
export function digestOf(base: string, files: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    const text = textOf(file);
    // Lengths first, so that no text can look like the next file.
    hash.update(JSON.stringify([relative(base, file), text === undefined ? null : text.length]));
    hash.update(text ?? '');
  }
  return hash.digest('hex');
}
