/**
 * Numbers that JavaScript cannot represent, such as 9223372036854775807. A parsed document has the nearest number in their place;
 * their text is kept beside the document, so that it can be encoded as it was written.
 */
import { randomUUID } from 'node:crypto';

/** The texts of numbers, by the object or array that they are in and their key or index. */
const texts = new WeakMap<object, Map<string, string>>();
/** Whether there is a text at all. Most programs never need one, and encode as fast as without them. */
let areThereAny = false;

/**
 * Keeps the text of a number.
 *
 * @param holder the object or array that the number is in
 * @param key the number's key, or its index
 * @param text the number as it was written, which must be a number in JSON
 */
export function keepNumberText(holder: object, key: string | number, text: string): void {
  areThereAny = true;
  let ofHolder = texts.get(holder);
  if (ofHolder === undefined) texts.set(holder, (ofHolder = new Map()));
  ofHolder.set(String(key), text);
}

/** The text that is kept of a number; undefined: none, so its value is exact. */
export const numberText = (holder: object, key: string | number): string | undefined =>
  areThereAny ? texts.get(holder)?.get(String(key)) : undefined;

/** Gives a copy the texts that are kept of the original's own numbers. Both have the same keys. @returns the copy */
export function withNumberTexts<T extends object>(copy: T, original: object): T {
  const kept = areThereAny ? texts.get(original) : undefined;
  if (kept !== undefined) texts.set(copy, kept);
  return copy;
}

/** Encodes a value as `JSON.stringify` does, but with the kept texts of its numbers. @param indent spaces a level. Default: none */
export function exactJson(value: unknown, indent?: number): string {
  if (!areThereAny) return JSON.stringify(value, null, indent);
  const mark = randomUUID();
  let found = false;
  const encoded = JSON.stringify(
    value,
    function (this: object, key, member: unknown): unknown {
      const text = typeof member === 'number' ? numberText(this, key) : undefined;
      if (text === undefined) return member;
      found = true;
      return mark + text;
    },
    indent,
  );
  return found ? encoded.replace(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1') : encoded;
}

/** Encodes an object as {@link exactJson} does, with null in place of these members. */
export function exactJsonWithout(value: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const copy = { ...value };
  for (const name of names) copy[name] = null;
  return exactJson(withNumberTexts(copy, value));
}
