/**
 * Gives one view of a module's exports, whether it is an ES module, CommonJS, or an ES module compiled to CommonJS.
 */
import { isObject } from '../base/json.js';

/** The exports of a module, or the members of one of them. */
export type ModuleMembers = Readonly<Record<string, unknown>>;

const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Own properties of every function. */
const OF_FUNCTIONS = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

/** The names of a default export's members: an object's own and inherited ones, or a class's static functions. */
function membersOf(value: unknown): Set<string> {
  const names = new Set<string>();
  if (typeof value === 'function') {
    for (const name of Object.getOwnPropertyNames(value)) if (!OF_FUNCTIONS.has(name)) names.add(name);
  } else if (isObject(value) && !ArrayBuffer.isView(value)) {
    for (let at: object | null = value; at !== null && at !== Object.prototype;) {
      for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
      at = Object.getPrototypeOf(at) as object | null;
    }
  }
  return names;
}

/** A member of an object. Functions are bound to the object, so that they keep their `this`. */
function member(owner: ModuleMembers, name: string): unknown {
  const value = owner[name];
  return typeof value === 'function' && !isClass(value) ? value.bind(owner) : value;
}

/**
 * Merges a namespace with the members of its default export, so that a class or function is found by its name in either. Named
 * exports come first. A default class or function is also found by its own name. Members are only read on access.
 *
 * @param namespace the result of `import()`
 * @returns the namespace itself if there is nothing to merge
 */
export function mergeExports(namespace: ModuleMembers): ModuleMembers {
  if (!('default' in namespace)) return namespace;
  let standard = namespace['default'];
  const merged: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const add = (owner: ModuleMembers, name: string): void => {
    if (!Object.hasOwn(merged, name)) Object.defineProperty(merged, name, { enumerable: true, get: () => member(owner, name) });
  };
  // CommonJS that was compiled from an ES module: its member `default` is the default export.
  const compiled = isObject(standard) && standard['__esModule'] === true && 'default' in standard ? standard : undefined;
  for (const name of Object.keys(namespace)) {
    if (compiled !== undefined && name === 'default') continue;
    // CommonJS: the same function is also a member of the default export, and may need its `this`.
    if (name !== 'default' && isObject(standard) && standard[name] === namespace[name]) add(standard, name);
    else Object.defineProperty(merged, name, { enumerable: true, get: () => namespace[name] });
  }
  if (compiled !== undefined) {
    for (const name of membersOf(compiled)) add(compiled, name);
    standard = compiled['default'];
  }
  if (isObject(standard) || typeof standard === 'function') {
    const owner = standard as unknown as ModuleMembers;
    for (const name of membersOf(owner)) if (name !== 'default') add(owner, name);
    const own = typeof standard === 'function' ? standard.name : '';
    if (own !== '' && own !== 'default' && !Object.hasOwn(merged, own)) {
      Object.defineProperty(merged, own, { enumerable: true, get: () => owner });
    }
  }
  return merged;
}
