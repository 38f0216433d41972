/** Where functions' code comes from. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LinkBinding } from './definition.js';

/** A module's code, loaded. */
export interface LoadedModule {
  /** The module's namespace (ESM) or exports (CommonJS). */
  exports: Readonly<Record<string, unknown>>;
  /** Digest of the code, where the source knows it. */
  digest: string | null;
}

/** Where functions' code comes from. */
export interface ModuleSource {
  /** Whether this source serves the link: it looks at `source` alone. */
  accepts(link: LinkBinding): boolean;
  /**
   * Loads the newest code of the link's module. Sharing and remembering is the caller's work.
   *
   * @throws DaemonError `module_not_found` or `module_failed` (it threw while it was loaded), each saying where it looked.
   */
  load(link: LinkBinding, partition: string): Promise<LoadedModule>;
  /**
   * The setting that a class of the link's module is built with, such as the link's with its secrets filled in. Asked when the class
   * is built; the result is kept nowhere else. Default: the link's setting as it is.
   *
   * @throws Error that says what is missing
   */
  settingOf?(link: LinkBinding): JsonObject;
  /** Ends watchers and child processes, if there are any. */
  close?(): Awaitable<void>;
}
