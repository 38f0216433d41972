/** Tokens at rest: sealed with a key that is not where they are kept. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import type { JsonObject, StateStore } from '@mcp-daemon/core';
import { DaemonError, isObject } from '@mcp-daemon/core';

/** What {@link SealedEntry} takes. */
export interface SealedEntryOptions {
  state: () => Promise<StateStore>;
  partition: string;
  /** The key of the entry: `token/<server>/<subject>`. It is a part of what is sealed, so that an entry cannot be moved. */
  key: string;
  /** The secret that the key of the cipher is made from. Undefined: there is none, so nothing can be kept. */
  secret: string | undefined;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** An object in the state, sealed by AES-256-GCM. */
export class SealedEntry {
  readonly #options: SealedEntryOptions;

  constructor(options: SealedEntryOptions) {
    this.#options = options;
  }

  #key(): Buffer {
    const { secret } = this.#options;
    if (secret === undefined)
      throw new DaemonError(
        'usage',
        'tokens are kept only with MCP_STATE_SECRET: set it to a random text of 32 characters or more',
      );
    return Buffer.from(hkdfSync('sha256', secret, '', 'mcp-daemon tokens', 32));
  }

  #bound(): Buffer {
    const { partition, key } = this.#options;
    return Buffer.from(JSON.stringify([partition, key]));
  }

  /**
   * What is kept; undefined: nothing, or it was sealed with another secret.
   *
   * @throws DaemonError `usage` without a secret, or as the state store
   */
  async read(): Promise<JsonObject | undefined> {
    const cipherKey = this.#key();
    const { state, partition, key } = this.#options;
    const entry = await (await state()).get(partition, key);
    if (entry === undefined) return undefined;
    const bytes = Buffer.from(entry.value, 'base64url');
    try {
      const opened = createDecipheriv('aes-256-gcm', cipherKey, bytes.subarray(0, IV_BYTES))
        .setAAD(this.#bound())
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text = Buffer.concat([opened.update(bytes.subarray(IV_BYTES + TAG_BYTES)), opened.final()]).toString('utf8');
      const value: unknown = JSON.parse(text);
      return isObject(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws DaemonError as {@link SealedEntry.read} */
  async write(value: JsonObject): Promise<void> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(), iv).setAAD(this.#bound());
    const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    const { state, partition, key } = this.#options;
    await (await state()).put(partition, key, Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url'));
  }
}
