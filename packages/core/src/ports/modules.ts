/** The port of module sources. */
import type { Awaitable } from '../base/awaitable.js';
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
  /** Ends watchers and child processes. */
  close?(): Awaitable<void>;
}
