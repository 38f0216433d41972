/** Tokens at rest: sealed with a key that is not where they are kept. */
import type { JsonObject, Seal, StateStore } from '@mcp-daemon/core';
import { createSeal, DaemonError, isObject, sealingKey } from '@mcp-daemon/core';

/** What {@link SealedEntry} takes. */
export interface SealedEntryOptions {
  state: () => Promise<StateStore>;
  partition: string;
  /** The key of the entry: `token/<server>/<subject>`. It is a part of what is sealed, so that an entry cannot be moved. */
  key: string;
  /** The secret that the key of the cipher is made from. Undefined: there is none, so nothing can be kept. */
  secret: string | undefined;
}

/** An object in the state, sealed. */
export class SealedEntry {
  readonly #options: SealedEntryOptions;

  constructor(options: SealedEntryOptions) {
    this.#options = options;
  }

  /** @throws DaemonError `usage` without a secret */
  #seal(): Seal {
    const { secret } = this.#options;
    if (secret === undefined)
      throw new DaemonError(
        'usage',
        'tokens are kept only with MCP_STATE_SECRET: set it to a random text of 32 characters or more',
      );
    return createSeal(sealingKey(secret, 'tokens'));
  }

  #bound(): string {
    const { partition, key } = this.#options;
    return JSON.stringify([partition, key]);
  }

  /**
   * What is kept; undefined: nothing, or it was sealed with another secret.
   *
   * @throws DaemonError `usage` without a secret, or as the state store
   */
  async read(): Promise<JsonObject | undefined> {
    const seal = this.#seal();
    const { state, partition, key } = this.#options;
    const entry = await (await state()).get(partition, key);
    const text = entry === undefined ? undefined : seal.open(entry.value, this.#bound());
    if (text === undefined) return undefined;
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  }

  /** @throws DaemonError as {@link SealedEntry.read} */
  async write(value: JsonObject): Promise<void> {
    const sealed = this.#seal().seal(JSON.stringify(value), this.#bound());
    const { state, partition, key } = this.#options;
    await (await state()).put(partition, key, sealed);
  }
}
