/** Blobs in this process's memory. They end with the process. */
import { blobKeyProblem } from '../base/blob-key.js';
import type { BlobStore } from '../ports/blobs.js';
import { DaemonError } from '../protocol/errors.js';

/** Creates an empty blob store in memory. Its methods throw as the port says. */
export function createMemoryBlobs(): BlobStore {
  const blobs = new Map<string, Uint8Array>();
  let closed = false;

  function checked(key: string): string {
    if (closed) throw new DaemonError('closed', 'The blob store is closed.');
    const problem = blobKeyProblem(key);
    if (problem !== undefined) throw new DaemonError('usage', `The key of a blob ${problem}.`);
    return key;
  }

  return {
    name: 'memory',
    put: (key, bytes) => void blobs.set(checked(key), Uint8Array.from(bytes)),
    get(key) {
      const bytes = blobs.get(checked(key));
      return bytes === undefined ? undefined : Uint8Array.from(bytes);
    },
    delete: (key) => void blobs.delete(checked(key)),
    close() {
      closed = true;
      blobs.clear();
    },
  };
}
