/** Where large payloads are kept. Adapters pass one contract suite (`contract/blobs.ts`). */
import type { Awaitable } from '../base/awaitable.js';

/** Bytes by key. A key is a path of up to 512 characters, as `mcp_content/<uuid>.json`. */
export interface BlobStore {
  /** `files`, `s3`, ... */
  readonly name: string;
  /**
   * Writes a blob, or replaces the one of this key. Readers see the old bytes or the new ones, never a part.
   *
   * @throws DaemonError `store_failed` or `store_busy`
   */
  put(key: string, bytes: Uint8Array): Awaitable<void>;
  /** The blob's bytes, or undefined. The caller compares them with a digest of its own. @throws DaemonError `store_failed` or `store_busy` */
  get(key: string): Awaitable<Uint8Array | undefined>;
  /** Removes a blob; does nothing where there is none. @throws DaemonError `store_failed` or `store_busy` */
  delete(key: string): Awaitable<void>;
  /** Ends connections. A second call does nothing. */
  close?(): Awaitable<void>;
}
