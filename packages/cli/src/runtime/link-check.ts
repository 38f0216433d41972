/**
 * Checks the code of a link: loads it as the first call of the function would, without calling it.
 */
import type { LinkBinding, Logger, ModuleSource, Runner } from '@mcp-daemon/core';
import { DEFAULT_PARTITION, didYouMean } from '@mcp-daemon/core';

import { Failure, messageOf } from '../errors.js';

type Exports = Readonly<Record<string, unknown>>;
type AnyClass = new (options: object) => object;

/** Exported names, for suggestions. */
const namesOf = (exports: object): string[] =>
  Object.keys(exports).filter((name) => name !== 'default' && name !== 'module.exports');

/** Names of the methods of an instance, for suggestions. */
function methodsOf(instance: object): string[] {
  const names: string[] = [];
  for (let owner: unknown = instance; typeof owner === 'object' && owner !== null && owner !== Object.prototype;) {
    names.push(...Object.getOwnPropertyNames(owner));
    owner = Object.getPrototypeOf(owner);
  }
  return names.filter((name) => name !== 'constructor' && typeof (instance as Exports)[name] === 'function');
}

/** A named export, or a member of the default export. */
function exported(exports: Exports, name: string): unknown {
  if (name in exports) return exports[name];
  const fallback = exports['default'];
  if (typeof fallback === 'function' && fallback.name === name) return fallback;
  const isHolder = (typeof fallback === 'object' || typeof fallback === 'function') && fallback !== null;
  return isHolder ? (fallback as unknown as Exports)[name] : undefined;
}

const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/**
 * Creates a check that loads modules and builds each class once.
 *
 * @param isolated loads code that runs in processes of its own; the caller closes it
 * @returns a function that rejects where code is missing
 */
export function linkCheck(
  source: ModuleSource,
  logger: Logger,
  isolated: Pick<Runner, 'accepts' | 'resolve'>,
): (link: LinkBinding) => Promise<void> {
  const instances = new Map<string, Promise<object>>();

  async function build(link: LinkBinding, className: string, exports: Exports): Promise<object> {
    const found = exported(exports, className);
    if (typeof found !== 'function') {
      const hint = didYouMean(className, namesOf(exports));
      throw new Failure(`module "${link.module_name}" has no class "${className}"${hint}`);
    }
    try {
      const setting = (await source.settingOf?.(link)) ?? link.setting;
      // A constructor may return a promise of its instance.
      return await (new (found as AnyClass)({ logger, setting, partition: DEFAULT_PARTITION }) as Promise<object>);
    } catch (error) {
      throw new Failure(`class "${className}" of module "${link.module_name}" could not be created: ${messageOf(error)}`);
    }
  }

  return async (link) => {
    if (isolated.accepts(link)) {
      await isolated.resolve(link, DEFAULT_PARTITION);
      return;
    }
    const { module_name: module, class_name: className, function_name: name } = link;
    if (!source.accepts(link)) throw new Failure(`module "${module}": code from source "${link.source}" cannot be loaded`);
    const { exports } = await source.load(link, DEFAULT_PARTITION);
    if (className === undefined) {
      const found = exported(exports, name);
      if (typeof found === 'function' && !isClass(found)) return;
      throw new Failure(`module "${module}" exports no function "${name}"${didYouMean(name, namesOf(exports))}`);
    }
    const key = JSON.stringify([link.source, link.package_name, module, className, link.setting]);
    const instance = instances.get(key) ?? build(link, className, exports);
    instances.set(key, instance);
    const owner = await instance;
    if (typeof (owner as Exports)[name] === 'function') return;
    throw new Failure(
      `class "${className}" of module "${module}" has no function "${name}"${didYouMean(name, methodsOf(owner))}`,
    );
  };
}
