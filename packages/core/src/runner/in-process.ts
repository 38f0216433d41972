/**
 * Runs functions in this process. A module is loaded at the first call, a class is built once per module and setting, and both
 * are dropped when the code changes. Partitions never share instances.
 */
import type { Awaitable } from '../base/awaitable.js';
import { closeAll } from '../base/close-all.js';
import type { LinkBinding } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { LoadedModule, ModuleSource } from '../ports/modules.js';
import type { ResolvedFunction, Runner } from '../ports/runner.js';
import { DaemonError } from '../protocol/errors.js';

/** What {@link createInProcessRunner} takes. */
export interface InProcessRunnerOptions {
  /** Sources of code, in order: the first one that accepts a link loads it. */
  modules: readonly ModuleSource[];
  /** The logger that class constructors get. */
  logger: Logger;
}

type UserFunction = (input: unknown, context: unknown) => unknown;
type Instance = Record<string, unknown>;

/** A module of one partition, with its class instances. */
interface Module {
  readonly link: LinkBinding;
  readonly partition: string;
  readonly loaded: Promise<LoadedModule>;
  readonly instances: Map<string, Promise<Instance>>;
}

const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** A named export, or a member of the default export. */
function exported(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  if (name in exports) return exports[name];
  const fallback = exports['default'];
  if (typeof fallback === 'function' && fallback.name === name) return fallback;
  return (typeof fallback === 'object' || typeof fallback === 'function') && fallback !== null
    ? (fallback as unknown as Record<string, unknown>)[name]
    : undefined;
}

const names = (exports: object): string => {
  const list = Object.keys(exports).filter((name) => name !== 'default' && name !== 'module.exports');
  return list.length === 0 ? 'nothing' : list.slice(0, 10).join(', ');
};

/** Calls `forget` if a promise rejects. Failures are not cached: the next call tries again. */
function unlessFailed<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}

/** The error for a link that no source accepts. */
export function nothingRuns(link: LinkBinding): DaemonError {
  const from = link.source ?? 'a file or package';
  return new DaemonError('module_not_found', `module "${link.module_name}": this server cannot load code from "${from}"`);
}

/** The exported function of a link. @throws DaemonError `function_not_found` */
function exportedFunction(link: LinkBinding, { exports }: LoadedModule): UserFunction {
  const found = exported(exports, link.function_name);
  if (typeof found === 'function' && !isClass(found)) return found as UserFunction;
  throw new DaemonError(
    'function_not_found',
    `module "${link.module_name}" exports no function "${link.function_name}"; it exports ${names(exports)}`,
  );
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

  async function build(link: LinkBinding, className: string, loaded: LoadedModule, partition: string): Promise<Instance> {
    const found = exported(loaded.exports, className);
    if (typeof found !== 'function') {
      throw new DaemonError(
        'function_not_found',
        `module "${link.module_name}" has no class "${className}"; it exports ${names(loaded.exports)}`,
      );
    }
    try {
      const setting = (await sourceOf(link).settingOf?.(link)) ?? link.setting;
      return await new (found as new (options: object) => Awaitable<Instance>)({ logger, setting, partition });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DaemonError('module_failed', `class "${className}" of module "${link.module_name}" could not be built: ${why}`, {
        cause,
      });
    }
  }

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
    accepts: (link) => sources.some((source) => source.accepts(link)),
    async resolve(link, partition): Promise<ResolvedFunction> {
      const module = moduleOf(link, partition);
      const loaded = await module.loaded;
      const { digest } = loaded;
      const { class_name: className, function_name: name } = link;
      if (className === undefined) return { call: exportedFunction(link, loaded), digest };
      const instance = await instanceOf(link, className, module, loaded);
      if (typeof instance[name] !== 'function') {
        throw new DaemonError(
          'function_not_found',
          `class "${className}" of module "${link.module_name}" has no function "${name}"`,
        );
      }
      return { call: (input, context) => (instance[name] as UserFunction)(input, context), digest };
    },
    forget(which) {
      for (const [key, { link, partition }] of modules) if (which(link, partition)) modules.delete(key);
    },
    close: () => closeAll(sources),
  };
}
