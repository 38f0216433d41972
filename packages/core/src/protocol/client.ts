/**
 * What is kept of a client's description of itself. A session may last for hours and a client may send megabytes, so only the
 * members that the server or a function can use are copied, and they are cut.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { ClientCapabilities, Implementation } from './messages.js';

/** Characters of a client's name, version and title that are kept. */
export const MAX_CLIENT_TEXT = 200;
/** Maximum number of values that are kept of the declared capabilities. */
const MAX_VALUES = 200;
/** Maximum number of characters of the names and texts in them. */
const MAX_CHARACTERS = 4_000;
/** Maximum depth of nesting. The deepest in the protocol is `tasks.requests.sampling.createMessage`. */
const MAX_DEPTH = 6;

/** The client capabilities of the protocol. The first ones decide which requests a client gets, so they are copied first. */
const CAPABILITIES = ['elicitation', 'sampling', 'roots', 'tasks', 'extensions', 'experimental'] as const;

const NONE: ClientCapabilities = Object.freeze({});

/** Copies the start of a text. A slice would keep the whole text in memory. */
const cut = (text: string, length: number): string =>
  text.length <= length ? text : Buffer.from(text.slice(0, length)).toString();

/**
 * Name, version and title of a client, each cut to {@link MAX_CLIENT_TEXT} characters.
 *
 * @returns undefined if the value is not an object
 */
export function keptClient(given: unknown): Implementation | undefined {
  if (!isObject(given)) return undefined;
  const { name, version, title } = given;
  const client: Implementation = {
    name: typeof name === 'string' ? cut(name, MAX_CLIENT_TEXT) : '',
    version: typeof version === 'string' ? cut(version, MAX_CLIENT_TEXT) : '',
  };
  if (typeof title === 'string') client.title = cut(title, MAX_CLIENT_TEXT);
  return client;
}

/** Copies JSON values until its limits are reached. The rest is left out. */
class Copier {
  #values = MAX_VALUES;
  #characters = MAX_CHARACTERS;

  /** @returns undefined if a limit is reached */
  copy(value: unknown, depth: number): unknown {
    if (this.#values <= 0) return undefined;
    this.#values -= 1;
    if (typeof value === 'string') return this.#takes(value) ? value : undefined;
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= MAX_DEPTH) return undefined;
    if (!Array.isArray(value)) return this.#members(value as JsonObject, depth);
    const copied: unknown[] = [];
    for (const item of value as unknown[]) {
      const kept = this.copy(item, depth + 1);
      if (kept === undefined) break;
      copied.push(kept);
    }
    return copied;
  }

  #members(value: JsonObject, depth: number): JsonObject {
    const copied: JsonObject = {};
    for (const name in value) {
      if (this.#values <= 0) break;
      // An assignment to `__proto__` would set the prototype.
      if (name === '__proto__' || !this.#takes(name)) continue;
      const kept = this.copy(value[name], depth + 1);
      if (kept !== undefined) copied[name] = kept;
    }
    return copied;
  }

  #takes({ length }: string): boolean {
    if (length > this.#characters) return false;
    this.#characters -= length;
    return true;
  }
}

/** Copies the declared capabilities that are in the protocol, up to a maximum size. */
export function keptCapabilities(given: JsonObject): ClientCapabilities {
  let kept: JsonObject | undefined;
  let copier: Copier | undefined;
  for (const name of CAPABILITIES) {
    const declared = given[name];
    if (declared === undefined || declared === null) continue;
    const copied = (copier ??= new Copier()).copy(declared, 0);
    if (copied !== undefined) (kept ??= {})[name] = copied;
  }
  return kept ?? NONE;
}
