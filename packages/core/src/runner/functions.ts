/** Finds functions and classes in loaded modules, and builds the classes. Shared by this process and by child processes. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LinkBinding } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError } from '../protocol/errors.js';

/** A user's function. */
export type UserFunction = (input: unknown, context: unknown) => unknown;

/** An instance of a user's class. */
export type Instance = Record<string, unknown>;

/** What a class is built with. */
export interface ClassOptions {
  logger: Logger;
  setting: JsonObject;
  partition: string;
}

/** The part of a link that names a function of a module. */
export type FunctionNames = Pick<LinkBinding, 'module_name' | 'class_name' | 'function_name'>;

type Exports = Readonly<Record<string, unknown>>;

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

/** The exported function of a link without a class. @throws DaemonError `function_not_found` */
export function exportedFunction({ module_name: module, function_name: name }: FunctionNames, exports: Exports): UserFunction {
  const found = exported(exports, name);
  if (typeof found === 'function' && !isClass(found)) return found as UserFunction;
  throw new DaemonError('function_not_found', `module "${module}" exports no function "${name}"; it exports ${names(exports)}`);
}

/**
 * Builds the class of a link.
 *
 * @param options what the class is built with; asked only if there is such a class
 * @throws DaemonError `function_not_found` if there is no such class, `module_failed` if it cannot be built
 */
export async function buildInstance(
  { module_name: module, class_name: name = '' }: FunctionNames,
  exports: Exports,
  options: () => Awaitable<ClassOptions>,
): Promise<Instance> {
  const found = exported(exports, name);
  if (typeof found !== 'function')
    throw new DaemonError('function_not_found', `module "${module}" has no class "${name}"; it exports ${names(exports)}`);
  try {
    return await new (found as new (options: ClassOptions) => Awaitable<Instance>)(await options());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DaemonError('module_failed', `class "${name}" of module "${module}" could not be built: ${why}`, { cause });
  }
}

/** The function of a link with a class. It is looked up at each call. @throws DaemonError `function_not_found` */
export function methodOf(
  { module_name: module, class_name: className, function_name: name }: FunctionNames,
  instance: Instance,
): UserFunction {
  if (typeof instance[name] !== 'function')
    throw new DaemonError('function_not_found', `class "${className}" of module "${module}" has no function "${name}"`);
  return (input, context) => (instance[name] as UserFunction)(input, context);
}
