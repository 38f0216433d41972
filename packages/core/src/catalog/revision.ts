/**
 * Names a catalog's content.
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';

import type { CatalogDefinition } from '../ports/definition.js';

/** Parts are handed to the digest in groups of about this many: joining an array is cheaper than adding to a string. */
const GROUP = 8_192;
/** How a string of each common length begins. */
const LENGTHS = Array.from({ length: 256 }, (_, length) => `"${length}:`);
const REVISION_LENGTH = 16;

/** Sorts in place. Most objects have a handful of keys: for those `Array.sort` takes longer to begin than this to end. */
function sorted(keys: string[]): string[] {
  if (keys.length > 20) return keys.sort();
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] as string;
    let at = end;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

/**
 * Feeds a value to a digest, the same way whatever the order of its keys. Not `canonicalJson`: without escapes, and without one
 * text for the whole catalog, a catalog of 10,000 tools takes less than half the time.
 */
class Canonical {
  #parts: string[] = [];
  readonly #hash: Hash;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  write(value: unknown): void {
    if (typeof value === 'string') this.#string(value);
    else if (Array.isArray(value)) this.#array(value);
    else if (typeof value === 'object' && value !== null) this.#object(value as Record<string, unknown>);
    else if (typeof value !== 'function') this.#parts.push(String(value), ';');
  }

  flush(): void {
    this.#hash.update(this.#parts.join(''));
    this.#parts = [];
  }

  /** Strings carry their length, so that no two different values make the same text. */
  #string(value: string): void {
    this.#parts.push(LENGTHS[value.length] ?? `"${value.length}:`, value);
  }

  #array(values: readonly unknown[]): void {
    this.#parts.push('[');
    for (const value of values) this.write(value);
    this.#parts.push(']');
  }

  #object(value: Record<string, unknown>): void {
    this.#parts.push('{');
    for (const key of sorted(Object.keys(value))) {
      const member = value[key];
      if (member === undefined) continue;
      this.#string(key);
      this.write(member);
    }
    this.#parts.push('}');
    if (this.#parts.length > GROUP) this.flush();
  }
}

/**
 * The revision of a catalog's content: 16 hexadecimal digits of a SHA-256. Equal content has an equal revision, whatever the
 * order of keys in its objects. Functions that a program holds itself count by name only.
 */
export function revisionOf(content: Omit<CatalogDefinition, 'revision'>): string {
  const hash = createHash('sha256');
  const canonical = new Canonical(hash);
  canonical.write([content.functions, content.instructions ?? null]);
  canonical.flush();
  return hash.digest('hex').slice(0, REVISION_LENGTH);
}
