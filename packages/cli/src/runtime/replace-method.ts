/** Replaces methods of Node's modules. */

/** Any function, as a method. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method, if the object has it. Properties of the old one, such as `promisify.custom`, are copied. */
export function replaceMethod(owner: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const methods = owner as Record<string, unknown>;
  const original = methods[name];
  if (typeof original !== 'function') return;
  const made = make(original as AnyFunction);
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'prototype') continue;
    Object.defineProperty(made, key, Object.getOwnPropertyDescriptor(original, key) as PropertyDescriptor);
  }
  methods[name] = made;
}
