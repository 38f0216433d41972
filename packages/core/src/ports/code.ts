/** The port of code locators, which find functions' code on this machine without loading it: for runners that load it elsewhere. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LinkBinding, Runtime } from './definition.js';

/** Where a module's code is. */
export interface CodeLocation {
  runtime: Runtime;
  /** The absolute path of the folder with the code. Child processes start in it; Python looks for modules in it. */
  root: string;
  /** The absolute path of the module's file. Null: the runtime finds the module by its name in `root`. */
  file: string | null;
  /** The module is this export of the file. Absent: it is the file's exports. */
  member?: string;
  /** The absolute path of a folder for compiled code, which lives and dies with the code. Absent: compiled code is not kept. */
  cache?: string;
  /** Digest of the code: the same digest means the same code. Null: not known, for code that may change at any time. */
  digest: string | null;
}

/** Finds the code of some links. */
export interface CodeLocator {
  /** Whether this locator finds the link's code. It must be quick, and use only the link. */
  accepts(link: LinkBinding): boolean;
  /**
   * Finds the newest code of the link's module. A bundle is fetched, checked and extracted first.
   *
   * @throws DaemonError `module_not_found`, with a message that says where it looked, or `module_failed`: there is code, but it
   *   cannot be used
   */
  locate(link: LinkBinding, partition: string): Promise<CodeLocation>;
  /** Whether whoever uses it is told of changes by `forget`. Default: it is asked again while calls come. */
  readonly reportsChanges?: boolean;
  /** The setting that a class of the link's module is built with, as in `ModuleSource`. */
  settingOf?(link: LinkBinding): Awaitable<JsonObject>;
  /** Ends watchers. A second call does nothing. */
  close?(): Awaitable<void>;
}
