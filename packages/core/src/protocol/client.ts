/**
 * What is kept of the things a client says about itself. A session lasts for hours and clients may send megabytes, so only what
 * this server or a function can use is copied, and it is cut.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { ClientCapabilities, Implementation } from './messages.js';

/** Characters of a client's name, version and title that are kept. */
export const MAX_CLIENT_TEXT = 200;
/** Values of all declared capabilities together that are kept. */
const MAX_VALUES = 200;
/** Characters of all names and texts among them that are kept. */
const MAX_CHARACTERS = 4_000;
/** How deep they may be nested. The deepest that the protocol has is `tasks.requests.sampling.createMessage`. */
const MAX_DEPTH = 6;

/** The capabilities of clients that the protocol has. The first ones decide what is asked of a client, so they are copied first. */
const CAPABILITIES = ['elicitation', 'sampling', 'roots', 'tasks', 'extensions', 'experimental'] as const;

const NONE: ClientCapabilities = Object.freeze({});

/** The start of a text, as a text of its own: a mere slice would keep the whole text in memory. */
const cut = (text: string, length: number): string =>
  text.length <= length ? text : Buffer.from(text.slice(0, length)).toString();

/**
 * Name, version and title of a client, each cut to {@link MAX_CLIENT_TEXT} characters.
 *
 * @returns undefined where the value is not an object
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

/** Copies JSON values until its bounds are reached; what comes after that is left out. */
class Copier {
  #values = MAX_VALUES;
  #characters = MAX_CHARACTERS;

  /** @returns undefined where there is no room left */
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
      // Assigned to, it would set the prototype.
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

/** The capabilities that the protocol has, out of those that a client declared; a copy, bounded in size. */
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
