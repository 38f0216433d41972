/**
 * Runs functions in this process. A module is loaded at the first call, a class is built once per module and setting, and both
 * are dropped when the code changes. Partitions never share instances.
 */
import { closeAll } from '../base/close-all.js';
import type { LinkBinding } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { LoadedModule, ModuleSource } from '../ports/modules.js';
import type { ResolvedFunction, Runner } from '../ports/runner.js';
import { DaemonError } from '../protocol/errors.js';
import type { Instance } from './functions.js';
import { buildInstance, exportedFunction, methodOf } from './functions.js';
import { isolationOf } from './isolation.js';

/** What {@link createInProcessRunner} takes. */
export interface InProcessRunnerOptions {
  /** Sources of code, in order: the first one that accepts a link loads it. */
  modules: readonly ModuleSource[];
  /** The logger that class constructors get. */
  logger: Logger;
}

/** A module of one partition, with its class instances. */
interface Module {
  readonly link: LinkBinding;
  readonly partition: string;
  readonly loaded: Promise<LoadedModule>;
  readonly instances: Map<string, Promise<Instance>>;
}

/** Calls `forget` if a promise rejects. Failures are not cached: the next call tries again. */
function unlessFailed<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}

/** The error for a link that no source accepts. */
export function nothingRuns(link: LinkBinding): DaemonError {
  const from = link.source ?? 'a file or package';
  const where = isolationOf(link) === 'process' ? ' into a process of its own' : '';
  return new DaemonError('module_not_found', `module "${link.module_name}": this server cannot load code from "${from}"${where}`);
}

/** Creates the in-process runner. Its `close` closes the module sources. */
export function createInProcessRunner({ modules: sources, logger }: InProcessRunnerOptions): Runner {
  const modules = new Map<string, Module>();

  function sourceOf(link: LinkBinding): ModuleSource {
    const source = sources.find((candidate) => candidate.accepts(link));
    if (source === undefined) throw nothingRuns(link);
    return source;
  }

  const load = async (link: LinkBinding, partition: string): Promise<LoadedModule> => sourceOf(link).load(link, partition);

  function moduleOf(link: LinkBinding, partition: string): Module {
    const key = JSON.stringify([partition, link.source, link.package_name, link.module_name, link.sha256]);
    const running = modules.get(key);
    if (running !== undefined) return running;
    const module: Module = { link, partition, loaded: load(link, partition), instances: new Map() };
    modules.set(key, module);
    void unlessFailed(module.loaded, () => {
      if (modules.get(key) === module) modules.delete(key);
    });
    return module;
  }

  const build = async (link: LinkBinding, className: string, loaded: LoadedModule, partition: string): Promise<Instance> =>
    buildInstance({ ...link, class_name: className }, loaded.exports, async () => ({
      logger,
      setting: (await sourceOf(link).settingOf?.(link)) ?? link.setting,
      partition,
    }));

  /** The class instance of a link. It is built at the first use. */
  function instanceOf(link: LinkBinding, className: string, module: Module, loaded: LoadedModule): Promise<Instance> {
    const { instances, partition } = module;
    const key = JSON.stringify([className, link.setting]);
    const before = instances.get(key);
    if (before !== undefined) return before;
    const instance = unlessFailed(build(link, className, loaded, partition), () => instances.delete(key));
    instances.set(key, instance);
    return instance;
  }

  return {
    accepts: (link) => isolationOf(link) === 'none' && sources.some((source) => source.accepts(link)),
    async resolve(link, partition): Promise<ResolvedFunction> {
      const module = moduleOf(link, partition);
      const loaded = await module.loaded;
      const { digest } = loaded;
      const { class_name: className } = link;
      if (className === undefined) return { call: exportedFunction(link, loaded.exports), digest };
      const instance = await instanceOf(link, className, module, loaded);
      return { call: methodOf({ ...link, class_name: className }, instance), digest };
    },
    forget(which) {
      for (const [key, { link, partition }] of modules) if (which(link, partition)) modules.delete(key);
    },
    close: () => closeAll(sources),
  };
}
