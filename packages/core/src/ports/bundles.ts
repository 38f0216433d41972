/** The port of bundle sources, which hold zip bundles of functions' code: a folder, or a bucket. Adapters pass one contract suite. */
import type { Awaitable } from '../base/awaitable.js';

/** A bundle of a source. */
export interface BundleEntry {
  /** The name of the package. */
  name: string;
  /** Changes when the bundle does: an ETag, or size and time of a file. Opaque: compare it for equality alone. */
  version: string;
  /** Bytes. */
  size: number;
  /** When it was stored, as ISO 8601 in UTC. */
  modified: string;
}

/** A bundle that was read. */
export interface FetchedBundle {
  bytes: Uint8Array;
  /** The version that was read: bytes and version belong together, also if the bundle is replaced meanwhile. */
  version: string;
}

/** A bundle that `push` has replaced, and that the source still has. */
export interface KeptBundle {
  /** Names it among the kept bundles of its package. It sorts by time. */
  id: string;
  /** Bytes. */
  size: number;
  /** When it was replaced, as ISO 8601 in UTC. */
  replaced: string;
}

/** Holds zip bundles by package name. It knows neither partitions nor what is in a bundle. */
export interface BundleSource {
  /** The `source` of the links that it serves: `zip`, `s3`. */
  readonly source: string;
  /** Where a bundle is or would be, for messages: a path, or `s3://bucket/key`. */
  placeOf(name: string): string;
  /**
   * The present version of a bundle, without its bytes; null: there is no such bundle.
   *
   * @throws DaemonError `usage` if the name is no name of a bundle (all functions do), `store_failed` or `store_busy` if the source
   *   cannot be read
   */
  version(name: string): Promise<string | null>;
  /**
   * Reads a bundle.
   *
   * @param maxBytes a larger one is refused before it is read
   * @returns null: there is no such bundle
   * @throws DaemonError `module_failed`: it is too large; `store_failed` or `store_busy`: the source cannot be read
   */
  fetch(name: string, maxBytes: number): Promise<FetchedBundle | null>;
  /**
   * Stores a bundle, whole or not at all. The one that it replaces is kept; of those, the oldest are removed.
   *
   * @param progress called with the number of bytes that are stored, never decreasing; the last call has all of them
   * @returns its version
   */
  push(name: string, bytes: Uint8Array, progress?: (bytes: number) => void): Promise<string>;
  /** All bundles, by name. Files that are no bundles are left out. */
  list(): AsyncIterable<BundleEntry>;
  /** The bundles that `push` has replaced, newest first. At most `keep` of them, see the options of the adapter. */
  kept(name: string): Promise<KeptBundle[]>;
  /** Reads a kept bundle. @returns null: there is none with this id */
  fetchKept(name: string, id: string, maxBytes: number): Promise<Uint8Array | null>;
  /**
   * A URL to which anybody who has it can upload the bundle by PUT. Absent: the source has no such URLs.
   *
   * @param seconds how long the URL can be used
   */
  uploadUrl?(name: string, seconds: number): Promise<string>;
  /** Ends connections. A second call does nothing. */
  close?(): Awaitable<void>;
}
