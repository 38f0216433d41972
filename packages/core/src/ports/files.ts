/** The port of resource files: files that are served as resources, without code. */
import type { Awaitable } from '../base/awaitable.js';

/** Reads files of a folder. */
export interface FileSource {
  /**
   * Reads a file, anew each time.
   *
   * @param path relative to the folder, with `/` between its parts
   * @throws DaemonError `resource_not_found`, or `internal_error`: it is too large, or not in the folder
   */
  read(path: string): Promise<Uint8Array>;
  /**
   * Calls the listener with the path of each file that changed since it was read or followed first.
   *
   * @returns ends watching
   */
  watch?(listener: (path: string) => void): { close(): void };
  /** Called when a client subscribes to a file, which it need not have read. Default: nothing. */
  follow?(path: string): void;
  /** Ends all watching. A second call does nothing. */
  close?(): Awaitable<void>;
}
