/** The port of stores for large payloads. Adapters pass one contract suite (`contract/blobs.ts`). */
import type { Awaitable } from '../base/awaitable.js';

/**
 * Bytes by key. A key is a path such as `mcp_content/<uuid>.json`; `blobKeyProblem` says which keys there can be. All methods throw
 * DaemonError `usage` for any other key, `store_failed`, `store_busy` (try again later), and `closed` after `close`.
 */
export interface BlobStore {
  /** `files`, `s3`, ... */
  readonly name: string;
  /** Writes a blob, or replaces the blob with this key. Readers get the old bytes or the new ones, never a mix. */
  put(key: string, bytes: Uint8Array): Awaitable<void>;
  /** The blob's bytes, or undefined. The caller checks them with its own digest. */
  get(key: string): Awaitable<Uint8Array | undefined>;
  /** Removes a blob; does nothing if there is none. */
  delete(key: string): Awaitable<void>;
  /** Closes connections. A second call does nothing. */
  close?(): Awaitable<void>;
}
