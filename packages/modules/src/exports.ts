/**
 * One view of what a module exports, whether it is an ES module, CommonJS, or one compiled to the other.
 */

type Bag = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Bag => typeof value === 'object' && value !== null;
const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** What every function has of its own. */
const OF_FUNCTIONS = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

/** The names that `export default` adds: an object's members, a class's static functions, and what an instance inherits. */
function membersOf(value: unknown): Set<string> {
  const names = new Set<string>();
  if (typeof value === 'function') {
    for (const name of Object.getOwnPropertyNames(value)) if (!OF_FUNCTIONS.has(name)) names.add(name);
  } else if (isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    for (let at: object | null = value; at !== null && at !== Object.prototype;) {
      for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
      at = Object.getPrototypeOf(at) as object | null;
    }
  }
  return names;
}

/** A member that keeps its `this`, wherever it is called from. */
function member(owner: Bag, name: string): unknown {
  const value = owner[name];
  return typeof value === 'function' && !isClass(value) ? value.bind(owner) : value;
}

/**
 * Merges a namespace with what its default export holds, so that a class or function is found by its name in either. Named
 * exports come first. A default class or function is also found by its own name. Members are read when they are asked for.
 *
 * @param namespace what `import()` gave
 * @returns the namespace itself where there is nothing to merge
 */
export function mergeExports(namespace: Bag): Bag {
  if (!('default' in namespace)) return namespace;
  let standard = namespace['default'];
  const merged: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const add = (owner: Bag, name: string): void => {
    if (!Object.hasOwn(merged, name)) Object.defineProperty(merged, name, { enumerable: true, get: () => member(owner, name) });
  };
  // CommonJS that was compiled from an ES module: what it calls default is the default.
  const compiled = isObject(standard) && standard['__esModule'] === true && 'default' in standard ? standard : undefined;
  for (const name of Object.keys(namespace)) {
    if (compiled !== undefined && name === 'default') continue;
    // CommonJS: the same function, which may want its `this`.
    if (name !== 'default' && isObject(standard) && standard[name] === namespace[name]) add(standard, name);
    else Object.defineProperty(merged, name, { enumerable: true, get: () => namespace[name] });
  }
  if (compiled !== undefined) {
    for (const name of membersOf(compiled)) add(compiled, name);
    standard = compiled['default'];
  }
  if (isObject(standard) || typeof standard === 'function') {
    const owner = standard as unknown as Bag;
    for (const name of membersOf(owner)) if (name !== 'default') add(owner, name);
    const own = typeof standard === 'function' ? standard.name : '';
    if (own !== '' && own !== 'default' && !Object.hasOwn(merged, own)) {
      Object.defineProperty(merged, own, { enumerable: true, get: () => owner });
    }
  }
  return merged;
}
