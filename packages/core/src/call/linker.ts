/**
 * From a link to a function that can be called: loads the module at the first call, builds a class once per module and
 * setting, and forgets both when the code changes. Partitions never share instances.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { Binding, LinkBinding } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { LoadedModule, ModuleSource } from '../ports/modules.js';
import { DaemonError } from '../protocol/errors.js';

/** A user's function, bound to its instance. */
export interface Callable {
  (input: unknown, context: unknown): unknown;
}

/** A callable and the digest of its code. */
export interface Linked {
  readonly call: Callable;
  readonly digest: string | null;
}

/** Finds functions. */
export interface Linker {
  /**
   * The function of a binding; at once where it is known.
   *
   * @throws DaemonError `module_not_found`, `module_failed` or `function_not_found` (as a rejection)
   */
  resolve(binding: Binding, partition: string): Awaitable<Linked>;
  /** Forgets modules, so that the next call loads them anew. Calls in flight keep what they have. */
  forget(which?: (link: LinkBinding) => boolean): void;
}

/** A module of one partition, with the classes that were built from it. */
interface LinkedModule {
  readonly link: LinkBinding;
  readonly loaded: Promise<LoadedModule>;
  readonly instances: Map<string, Promise<Record<string, unknown>>>;
}

interface Known {
  partition: string;
  linked: Awaitable<Linked>;
}

const isClass = (value: unknown): value is new (options: object) => Record<string, unknown> =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** A member of exports, or of what `export default` holds. */
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

/**
 * Creates a linker.
 *
 * @param sources asked in order; the first that accepts a link loads it
 * @param logger given to the classes it builds
 */
export function createLinker(sources: readonly ModuleSource[], logger: Logger): Linker {
  const modules = new Map<string, LinkedModule>();
  // By the binding itself: a catalog's bindings are made once, and go with it.
  let known = new WeakMap<Binding, Known>();

  /** Runs `forget` where a promise fails: failures are not remembered, the next call tries again. */
  function unlessFailed<T>(promise: Promise<T>, forget: () => void): Promise<T> {
    promise.catch(forget);
    return promise;
  }

  function load(link: LinkBinding, partition: string): Promise<LoadedModule> {
    const source = sources.find((candidate) => candidate.accepts(link));
    if (source !== undefined) return source.load(link, partition);
    const from = link.source ?? 'a file or package';
    return Promise.reject(
      new DaemonError('module_not_found', `module "${link.module_name}": nothing here loads code from "${from}"`),
    );
  }

  function moduleOf(link: LinkBinding, partition: string): LinkedModule {
    const key = JSON.stringify([partition, link.source, link.package_name, link.module_name, link.sha256]);
    const running = modules.get(key);
    if (running !== undefined) return running;
    const module: LinkedModule = { link, loaded: load(link, partition), instances: new Map() };
    modules.set(key, module);
    void unlessFailed(module.loaded, () => {
      if (modules.get(key) === module) modules.delete(key);
    });
    return module;
  }

  async function build(
    link: LinkBinding,
    className: string,
    loaded: LoadedModule,
    partition: string,
  ): Promise<Record<string, unknown>> {
    const found = exported(loaded.exports, className);
    if (typeof found !== 'function') {
      throw new DaemonError(
        'function_not_found',
        `module "${link.module_name}" has no class "${className}"; it exports ${names(loaded.exports)}`,
      );
    }
    try {
      return await new (found as new (options: object) => Awaitable<Record<string, unknown>>)({
        logger,
        setting: link.setting,
        partition,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DaemonError('module_failed', `class "${className}" of module "${link.module_name}" could not be built: ${why}`, {
        cause,
      });
    }
  }

  async function connect(link: LinkBinding, partition: string): Promise<Linked> {
    const { instances, loaded: loading } = moduleOf(link, partition);
    const loaded = await loading;
    const { class_name: className, function_name: name } = link;
    if (className === undefined) {
      const found = exported(loaded.exports, name);
      if (typeof found !== 'function' || isClass(found)) {
        throw new DaemonError(
          'function_not_found',
          `module "${link.module_name}" exports no function "${name}"; it exports ${names(loaded.exports)}`,
        );
      }
      return { call: found as Callable, digest: loaded.digest };
    }
    const key = JSON.stringify([className, link.setting]);
    let instance = instances.get(key);
    if (instance === undefined) {
      instance = unlessFailed(build(link, className, loaded, partition), () => instances.delete(key));
      instances.set(key, instance);
    }
    const owner = await instance;
    if (typeof owner[name] !== 'function') {
      throw new DaemonError(
        'function_not_found',
        `class "${className}" of module "${link.module_name}" has no function "${name}"`,
      );
    }
    return { call: (input, context) => (owner[name] as Callable)(input, context), digest: loaded.digest };
  }

  return {
    resolve(binding, partition) {
      const before = known.get(binding);
      if (before?.partition === partition) return before.linked;
      if (binding.kind === 'inline') {
        const linked = { call: binding.run as Callable, digest: null };
        known.set(binding, { partition, linked });
        return linked;
      }
      const linked = connect(binding, partition);
      const entry: Known = { partition, linked };
      known.set(binding, entry);
      linked.then(
        (done) => {
          entry.linked = done;
        },
        () => {
          if (known.get(binding) === entry) known.delete(binding);
        },
      );
      return linked;
    },
    forget(which = () => true) {
      known = new WeakMap();
      for (const [key, module] of modules) if (which(module.link)) modules.delete(key);
    },
  };
}
