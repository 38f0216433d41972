/** Where large payloads are kept. Adapters pass one contract suite (`contract/blobs.ts`). */
import type { Awaitable } from '../base/awaitable.js';

/**
 * Bytes by key. A key is a path such as `mcp_content/<uuid>.json`; `blobKeyProblem` says which keys there can be. All methods throw
 * DaemonError `usage` for any other key, `store_failed`, `store_busy` (try again later), and `closed` after `close`.
 */
export interface BlobStore {
  /** `files`, `s3`, ... */
  readonly name: string;
  /** Writes a blob, or replaces the one of this key. Readers see the old bytes or the new ones, never a part. */
  put(key: string, bytes: Uint8Array): Awaitable<void>;
  /** The blob's bytes, or undefined. The caller compares them with a digest of its own. */
  get(key: string): Awaitable<Uint8Array | undefined>;
  /** Removes a blob; does nothing where there is none. */
  delete(key: string): Awaitable<void>;
  /** Ends connections. A second call does nothing. */
  close?(): Awaitable<void>;
}
