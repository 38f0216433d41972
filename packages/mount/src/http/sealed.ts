/** Tokens at rest: sealed with a key that is not where they are kept. */
import type { JsonObject, PutState, Seal, StateStore } from '@mcp-daemon/core';
import { createSeal, DaemonError, isObject, sealingKey } from '@mcp-daemon/core';

/** What {@link SealedEntry} takes. */
export interface SealedEntryOptions {
  state: () => Promise<StateStore>;
  partition: string;
  /** The key of the entry, such as `token/<server>/service`. It is a part of what is sealed, so that an entry cannot be moved. */
  key: string;
  /** What else belongs to the entry: it does not open with anything else, such as another URL of the same server. Default: nothing. */
  bound?: readonly string[];
  /** The secret that the key of the cipher is made from. Undefined: there is none, so nothing can be kept. */
  secret: string | undefined;
}

/** An object that was read. */
export interface OpenedEntry {
  readonly value: JsonObject;
  /** The version of the entry, for a conditional write. */
  readonly version: string;
}

/**
 * The seal for tokens and for what belongs to a log-in.
 *
 * @throws DaemonError `usage` without a secret
 */
export function tokenSeal(secret: string | undefined, use = 'tokens'): Seal {
  if (secret === undefined)
    throw new DaemonError(
      'usage',
      'tokens are kept only with MCP_STATE_SECRET: set it to a random text of 32 characters or more',
    );
  return createSeal(sealingKey(secret, use));
}

/** An object in the state, sealed. All methods throw DaemonError `usage` without a secret, and what the state store throws. */
export class SealedEntry {
  readonly #options: SealedEntryOptions;

  constructor(options: SealedEntryOptions) {
    this.#options = options;
  }

  /** The key of the entry. */
  get key(): string {
    return this.#options.key;
  }

  #bound(): string {
    const { partition, key, bound = [] } = this.#options;
    return JSON.stringify([partition, key, ...bound]);
  }

  /** What is kept; undefined: nothing, or it was sealed with another secret or for something else. */
  async read(): Promise<OpenedEntry | undefined> {
    const { state, partition, key, secret } = this.#options;
    const seal = tokenSeal(secret);
    const entry = await (await state()).get(partition, key);
    const text = entry === undefined ? undefined : seal.open(entry.value, this.#bound());
    if (entry === undefined || text === undefined) return undefined;
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { value, version: entry.version } : undefined;
  }

  /**
   * Writes it.
   *
   * @param options its expiry, and the version that the entry must still have
   * @returns whether it was written, which a condition may prevent
   */
  async write(value: JsonObject, options?: PutState): Promise<boolean> {
    const { state, partition, key, secret } = this.#options;
    const sealed = tokenSeal(secret).seal(JSON.stringify(value), this.#bound());
    return (await (await state()).put(partition, key, sealed, options)) !== undefined;
  }

  /** Removes it. @param expected only if it has this version @returns whether there was one */
  async remove(expected?: string): Promise<boolean> {
    const { state, partition, key } = this.#options;
    return (await state()).delete(partition, key, expected);
  }
}
