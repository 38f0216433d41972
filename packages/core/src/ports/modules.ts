/** The port of module sources. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LinkBinding } from './definition.js';

/** A module's code, loaded. */
export interface LoadedModule {
  /** The module's namespace (ESM) or exports (CommonJS). */
  exports: Readonly<Record<string, unknown>>;
  /** Digest of the code, if the source knows it. */
  digest: string | null;
}

/** A source of functions' code. */
export interface ModuleSource {
  /** Whether this source serves the link. It decides by `source` only. */
  accepts(link: LinkBinding): boolean;
  /**
   * Loads the newest code of the link's module. The caller caches the result and shares it between calls.
   *
   * @throws DaemonError `module_not_found` or `module_failed` (it threw while it was loaded), with a message that says where it
   *   looked
   */
  load(link: LinkBinding, partition: string): Promise<LoadedModule>;
  /**
   * The setting that a class of the link's module is built with, such as the link's with its secrets filled in. Asked when the class
   * is built; the result is kept nowhere else. Default: the link's setting as it is.
   *
   * @throws Error that says what is missing
   */
  settingOf?(link: LinkBinding): Awaitable<JsonObject>;
  /** Ends watchers and child processes. */
  close?(): Awaitable<void>;
}
