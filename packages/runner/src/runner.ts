/**
 * Runs functions in child processes. A module's code is found by a locator; its children are those of its version. When the code
 * has changed, a new version is loaded beside the old one, and takes its place only if it can be loaded.
 */
import { fileURLToPath } from 'node:url';

import type {
  Awaitable,
  CodeLocation,
  CodeLocator,
  JsonObject,
  LinkBinding,
  Logger,
  ResolvedFunction,
  Runner,
  RunnerCounts,
} from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { PendingCall } from './host/call.js';
import { pendingCall } from './host/call.js';
import type { CoreParts } from './host/core-parts.js';
import { OWN_CORE } from './host/core-parts.js';
import { RewrittenError } from './host/ended.js';
import { Starter } from './host/starter.js';
import { makerOf } from './load.js';
import { Pool } from './pool/pool.js';
import type { MakeLoad, Version } from './pool/version.js';
import type { ProcessSettings } from './settings.js';
import { DEFAULT_SETTINGS } from './settings.js';

/** What {@link createProcessRunner} takes. */
export interface ProcessRunnerOptions {
  /** Find the code, asked in order. The runner closes them. */
  locators: readonly CodeLocator[];
  /** Whether a link runs in a process of its own. Default: all links that a locator accepts. */
  accepts?: (link: LinkBinding) => boolean;
  /** The folder with the child programs and the launcher. Default: where the build of this package puts them. */
  programs?: string;
  /** The whole environment of the children. */
  env: Readonly<Record<string, string>>;
  logger: Logger;
  settings?: Partial<ProcessSettings>;
  /** Where the daemon has another copy of core than this package, parts of that copy. Default: of this package's. */
  core?: CoreParts;
}

/** A runner of child processes. */
export interface ProcessRunner extends Runner {
  /** Starts the launcher and a spare child, so that the first call finds them. */
  prepare(): void;
  counts(): RunnerCounts;
  /** Process ids of the children and of the launcher. */
  pids(): { launcher: number | undefined; children: number[] };
}

const BUILT_PROGRAMS = fileURLToPath(new URL('./programs', import.meta.url));

/** How often code that is rewritten while it is loaded is looked for again. */
const MAX_REWRITES = 5;

/** The code of one module for one partition. */
interface Module {
  link: LinkBinding;
  partition: string;
  current: Version | undefined;
  digest: string | null;
  /** Whether the code must be looked for again before the next call. */
  isStale: boolean;
  /** When it was looked for, in milliseconds. */
  looked: number;
  updating: Promise<void> | undefined;
  /** The last failure to load newer code, and its digest: it is not tried again. */
  failure: { error: string; digest: string | null } | undefined;
}

/** The error of calls whose code was rewritten, where there is no newer version that has their function. */
function rewritten(module: Module | undefined): DaemonError {
  if (module === undefined) return new DaemonError('function_not_found', 'The code has changed, and has no such function now.');
  const why = module.failure === undefined ? '' : `: ${module.failure.error}`;
  const what = `module "${module.link.module_name}": its code has changed, and the new code cannot be used${why}`;
  return new DaemonError('module_failed', what);
}

/** Creates a runner. Nothing is started before the first function is resolved, or `prepare`. */
export function createProcessRunner(options: ProcessRunnerOptions): ProcessRunner {
  const { locators, env, logger, programs = BUILT_PROGRAMS, core = OWN_CORE } = options;
  const settings: ProcessSettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const { maxChildren, maxChildrenPerModule, idleMs, spare, refreshMs } = settings;
  const { heapMb, memoryMb, cpuSeconds, openFiles, startMs, graceMs, maxMessageBytes, readable, paths } = settings;
  const starter = new Starter({
    programs,
    env,
    paths,
    heapMb,
    memoryMb: memoryMb || undefined,
    cpuSeconds: cpuSeconds || undefined,
    openFiles: openFiles || undefined,
    permission: readable === undefined ? undefined : { readable },
    startMs,
    graceMs,
    maxMessageBytes,
    logger,
    core,
  });
  const pool = new Pool({ maxChildren, maxChildrenPerVersion: maxChildrenPerModule, idleMs, spare, logger }, starter);
  const modules = new Map<string, Module>();
  /** Versions by partition and code, so that modules of one bundle share their children. */
  const versions = new Map<string, Version>();
  let swaps = 0;
  let failedSwaps = 0;

  const locatorOf = (link: LinkBinding): CodeLocator | undefined => locators.find((candidate) => candidate.accepts(link));

  async function locate(link: LinkBinding, partition: string): Promise<CodeLocation> {
    const locator = locatorOf(link);
    if (locator === undefined)
      throw new DaemonError(
        'module_not_found',
        `module "${link.module_name}": this server cannot find code of "${link.source ?? 'a file'}"`,
      );
    const location = await locator.locate(link, partition);
    return link.runtime === undefined || link.runtime === location.runtime ? location : { ...location, runtime: link.runtime };
  }

  const settingOf = (link: LinkBinding): Awaitable<JsonObject> => locatorOf(link)?.settingOf?.(link) ?? link.setting;

  const keyOf = ({ module_name, package_name, class_name, function_name, setting, use }: LinkBinding): string =>
    JSON.stringify([module_name, package_name, class_name, function_name, setting, use?.kind, use?.name]);

  const loaderOf = (link: LinkBinding, location: CodeLocation, partition: string): MakeLoad =>
    makerOf(link, location, partition, settingOf);

  /** Whether code is still there as it was located. Newer code in another folder leaves it as it is, as that of bundles. */
  async function isUnchanged({ root, digest }: CodeLocation, { link, partition }: Module): Promise<boolean> {
    if (digest === null) return true;
    try {
      const now = await locate(link, partition);
      return now.root !== root || now.digest === digest;
    } catch {
      return true; // loading it says what is wrong
    }
  }

  /** Gives calls to the newer versions of the modules that had this one. */
  async function onRewritten(old: Version, calls: readonly PendingCall[]): Promise<void> {
    const had = [...modules.values()].filter(({ current }) => current === old);
    for (const module of had) {
      module.isStale = true;
      // An update that runs already may have located the code before.
      await module.updating?.catch(() => undefined);
      if (module.current === old) await updateOnce(module, module.link).catch(() => undefined);
    }
    for (const call of calls) {
      const next = had.find(({ current }) => current !== old && current?.functions.has(call.key) === true)?.current;
      if (next !== undefined) next.call(call);
      else call.reject(rewritten(had.find(({ current }) => current === old)));
    }
  }

  function versionOf(location: CodeLocation, module: Module): { key: string; version: Version } {
    const { runtime, root, file, digest } = location;
    const { partition } = module;
    const { limits } = module.link;
    // Code without a digest may change at any time: it is known by its file.
    const key = JSON.stringify([partition, runtime, root, digest ?? file, limits]);
    let version = versions.get(key);
    if (version === undefined) {
      version = pool.version({
        ...{ runtime, root, partition, limits },
        isUnchanged: () => isUnchanged(location, module),
        onRewritten: (old, calls) => void onRewritten(old, calls),
      });
      versions.set(key, version);
    }
    return { key, version };
  }

  function retireUnused(version: Version): void {
    for (const module of modules.values()) if (module.current === version) return;
    for (const [key, known] of versions) if (known === version) versions.delete(key);
    pool.retire(version);
  }

  /** Puts the newest code in place, if it is newer and can be loaded. */
  async function update(module: Module, link: LinkBinding, attempt = 1): Promise<void> {
    const { partition, current, isStale } = module;
    module.looked = performance.now();
    let location: CodeLocation;
    try {
      location = await locate(link, partition);
    } catch (error) {
      if (current === undefined) throw error;
      keepOld(module, error, null);
      return;
    }
    const { digest } = location;
    if (current !== undefined && !isStale && (digest === null || digest === module.digest || digest === module.failure?.digest))
      return;
    // Asked to forget: the same code is loaded anew.
    if (isStale && current !== undefined) for (const [key, known] of versions) if (known === current) versions.delete(key);
    const { version } = versionOf(location, module);
    try {
      await warmUp(module, version, link, location);
    } catch (error) {
      if (version !== current) retireUnused(version);
      if (error instanceof RewrittenError && attempt < MAX_REWRITES) return update(module, link, attempt + 1);
      if (current === undefined) throw error;
      keepOld(module, error, digest);
      return;
    }
    module.current = version;
    module.digest = digest;
    module.isStale = false;
    module.failure = undefined;
    if (current === undefined || current === version) return;
    swaps += 1;
    logger.info({ module: link.module_name, partition, digest }, `module "${link.module_name}": calls run its new code now`);
    retireUnused(current);
  }

  /** Loads a function, and those that the older version has of this module. */
  async function warmUp(module: Module, version: Version, link: LinkBinding, location: CodeLocation): Promise<void> {
    await version.load(keyOf(link), loaderOf(link, location, module.partition));
    for (const [key, { link: other }] of functionsOf(module)) {
      if (key === keyOf(link)) continue;
      // A function that is gone from the new code is reported to its own calls.
      await version.load(key, loaderOf(other, location, module.partition)).catch((error: unknown) => {
        logger.warn(
          { module: other.module_name, error: String(error) },
          `"${other.use?.name ?? other.function_name}" is not in the new code`,
        );
      });
    }
  }

  function keepOld(module: Module, error: unknown, digest: string | null): void {
    const why = error instanceof Error ? error.message : String(error);
    const { partition, link } = module;
    module.isStale = false;
    module.failure = { error: why, digest };
    failedSwaps += 1;
    logger.error(
      { module: link.module_name, partition, error: why },
      `module "${link.module_name}": its old code goes on running, because the new one cannot be used: ${why}`,
    );
  }

  const functions = new WeakMap<Module, Map<string, { link: LinkBinding }>>();
  const functionsOf = (module: Module): Map<string, { link: LinkBinding }> => {
    let found = functions.get(module);
    if (found === undefined) functions.set(module, (found = new Map()));
    return found;
  };

  const updateOnce = (module: Module, link: LinkBinding): Promise<void> =>
    (module.updating ??= update(module, link).finally(() => (module.updating = undefined)));

  function moduleOf(link: LinkBinding, partition: string): Module {
    const { source, package_name, module_name, sha256, runtime, limits } = link;
    const key = JSON.stringify([partition, source, package_name, module_name, sha256, runtime, limits]);
    let module = modules.get(key);
    if (module === undefined) {
      module = {
        link,
        partition,
        current: undefined,
        digest: null,
        isStale: false,
        looked: 0,
        updating: undefined,
        failure: undefined,
      };
      modules.set(key, module);
    }
    return module;
  }

  return {
    accepts: (link) => (options.accepts?.(link) ?? true) && locatorOf(link) !== undefined,

    async resolve(link, partition): Promise<ResolvedFunction> {
      const module = moduleOf(link, partition);
      const key = keyOf(link);
      if (module.current === undefined || module.isStale) await updateOnce(module, link);
      const version = module.current as Version | undefined;
      if (version === undefined) throw new DaemonError('module_failed', `module "${link.module_name}" could not be loaded`);
      if (!version.functions.has(key)) {
        const location = await locate(link, partition);
        await version.load(key, loaderOf(link, location, partition));
      }
      functionsOf(module).set(key, { link });
      const mayChange = locatorOf(link)?.reportsChanges !== true;
      const names = { key, name: link.use?.name ?? link.function_name };
      return {
        get digest() {
          return module.digest;
        },
        call: (input, context) =>
          new Promise((resolve, reject) => {
            if (mayChange && performance.now() - module.looked > refreshMs && module.updating === undefined)
              updateOnce(module, link).catch(() => undefined); // it is logged, and the old code goes on
            (module.current as Version).call(pendingCall(names, input, context, core.sourceOf(context), resolve, reject));
          }),
      };
    },

    forget(which) {
      for (const module of modules.values()) if (which(module.link, module.partition)) module.isStale = true;
    },

    prepare: () => pool.prepare(),

    counts() {
      let outdated = 0;
      for (const { failure } of modules.values()) if (failure !== undefined) outdated += 1;
      return { children: pool.children, ...starter.counters, swaps, failedSwaps, outdated };
    },

    pids: () => ({ launcher: starter.launcherPid, children: [...pool.versions].flatMap(({ pids }) => pids) }),

    async close() {
      await pool.close();
      await starter.close();
      for (const locator of locators) await locator.close?.();
    },
  };
}
