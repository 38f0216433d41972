/** What the authorization server keeps in the state store: encrypted values under keys that reveal no secret. */
import { hash } from 'node:crypto';

import type { PutState, StateEntry, StateStore } from '@mcp-daemon/core';
import { createSeal, DaemonError, DEFAULT_PARTITION } from '@mcp-daemon/core';

/** All keys begin with this. The entries belong to the server, not to a tenant, and are in one partition. */
const PREFIX = 'oauth/';
const PAGE = 1_000;

/** The digest of a secret, such as a code or a refresh token, as the part of a key. */
export const digestKey = (secret: string): string => hash('sha256', secret, 'hex');

/** An entry with its decrypted value. */
export interface Opened<T> {
  readonly value: T;
  readonly version: string;
  /** Milliseconds since 1970; null: it stays. */
  readonly expiresAt: number | null;
}

/** Entries by name. All methods throw what {@link StateStore} throws. */
export interface Entries {
  /** The entry of this name; undefined: there is none, or it was encrypted with another secret. */
  get<T>(name: string): Promise<Opened<T> | undefined>;
  /** Writes an entry. @returns whether it was written, which a condition may prevent */
  put(name: string, value: object, options?: PutState): Promise<boolean>;
  /** Removes an entry. @returns whether there was one */
  delete(name: string): Promise<boolean>;
  /** All entries whose names begin with a text, with the rest of the name. */
  list<T>(prefix: string): Promise<{ name: string; value: T }[]>;
}

/**
 * Opens the entries.
 *
 * @param state the state store; called for each operation
 * @param key 32 bytes
 */
export function openEntries(state: () => Promise<StateStore>, key: Buffer): Entries {
  const sealed = createSeal(key);

  /** An entry that is copied to another name does not open; nor does one whose secret has changed: its tokens are invalid too. */
  function open<T>(name: string, { value, version, expires_at }: StateEntry): Opened<T> | undefined {
    const text = sealed.open(value, name);
    return text === undefined ? undefined : { value: JSON.parse(text) as T, version, expiresAt: expires_at };
  }

  return {
    async get<T>(name: string) {
      const entry = await (await state()).get(DEFAULT_PARTITION, PREFIX + name);
      return entry === undefined ? undefined : open<T>(name, entry);
    },
    async put(name, value, options) {
      const written = await (
        await state()
      ).put(DEFAULT_PARTITION, PREFIX + name, sealed.seal(JSON.stringify(value), name), options);
      return written !== undefined;
    },
    async delete(name) {
      return (await state()).delete(DEFAULT_PARTITION, PREFIX + name);
    },
    async list<T>(prefix: string) {
      const store = await state();
      const found: { name: string; value: T }[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list(DEFAULT_PARTITION, PREFIX + prefix, { limit: PAGE, ...(cursor && { cursor }) });
        for (const entry of page.items) {
          const name = entry.key.slice(PREFIX.length);
          const opened = open<T>(name, entry);
          if (opened !== undefined) found.push({ name: name.slice(prefix.length), value: opened.value });
        }
        ({ cursor } = page);
      } while (cursor !== undefined);
      return found;
    },
  };
}

/** Whether an error says that the state store cannot be used at the moment. */
export const isStoreProblem = (error: unknown): boolean =>
  error instanceof DaemonError && ['store_busy', 'store_failed', 'closed'].includes(error.code);
