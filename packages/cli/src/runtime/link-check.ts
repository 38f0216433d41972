/**
 * Whether the code of a link is there: does what the first call of a function does, up to the call.
 */
import type { LinkBinding, Logger, ModuleSource } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

import { Failure, messageOf } from '../errors.js';
import { didYouMean } from '../near.js';

type Exports = Readonly<Record<string, unknown>>;
type AnyClass = new (options: object) => object;

/** Names that a reader could have meant. */
const namesOf = (exports: object): string[] =>
  Object.keys(exports).filter((name) => name !== 'default' && name !== 'module.exports');

/** Names of methods, of a class's instance. */
function methodsOf(instance: object): string[] {
  const names: string[] = [];
  for (let owner: unknown = instance; typeof owner === 'object' && owner !== null && owner !== Object.prototype;) {
    names.push(...Object.getOwnPropertyNames(owner));
    owner = Object.getPrototypeOf(owner);
  }
  return names.filter((name) => name !== 'constructor' && typeof (instance as Exports)[name] === 'function');
}

/** A member of the exports, or of what `export default` holds. */
function exported(exports: Exports, name: string): unknown {
  if (name in exports) return exports[name];
  const fallback = exports['default'];
  if (typeof fallback === 'function' && fallback.name === name) return fallback;
  const isHolder = (typeof fallback === 'object' || typeof fallback === 'function') && fallback !== null;
  return isHolder ? (fallback as unknown as Exports)[name] : undefined;
}

const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Makes a check that loads modules and builds each class once. @returns a function that rejects where a link leads nowhere */
export function linkCheck(source: ModuleSource, logger: Logger): (link: LinkBinding) => Promise<void> {
  const instances = new Map<string, Promise<object>>();

  async function build(link: LinkBinding, className: string, exports: Exports): Promise<object> {
    const found = exported(exports, className);
    if (typeof found !== 'function') {
      const hint = didYouMean(className, namesOf(exports));
      throw new Failure(`module "${link.module_name}" has no class "${className}"${hint}`);
    }
    try {
      // A constructor may return a promise of its instance.
      return await (new (found as AnyClass)({ logger, setting: link.setting, partition: DEFAULT_PARTITION }) as Promise<object>);
    } catch (error) {
      throw new Failure(`class "${className}" of module "${link.module_name}" could not be built: ${messageOf(error)}`);
    }
  }

  return async (link) => {
    const { module_name: module, class_name: className, function_name: name } = link;
    if (!source.accepts(link)) throw new Failure(`module "${module}": nothing here loads code from "${link.source}"`);
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
