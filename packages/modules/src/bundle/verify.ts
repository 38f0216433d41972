/** Checks the contents of all files of a bundle without writing them. */
import { readContent } from './contents.js';
import type { GuardedBundle } from './guard.js';

/**
 * Reads every file and compares its size and checksum with what the archive says.
 *
 * @param progress called with the number of files that are checked, and of all files
 * @throws BundleRefusal for the first file that is damaged
 */
export async function verifyContents(
  { bytes, files }: GuardedBundle,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  let done = 0;
  for (const file of files.values()) {
    await readContent(bytes, file);
    done += 1;
    progress(done, files.size);
  }
}
