/**
 * The ids of sessions of the legacy era. An id is what the handshake said, encrypted and authenticated: a process that shares the secret
 * can continue a session that it has never seen.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

import type { AnnouncedLists } from '../protocol/exchange.js';
import type { ClientCapabilities, Implementation } from '../protocol/messages.js';
import type { ProtocolVersion } from '../protocol/versions.js';
import { LEGACY_VERSIONS } from '../protocol/versions.js';

/** What a session is, apart from the process that has it. */
export interface Handshake {
  readonly version: ProtocolVersion;
  /** The lists whose changes the client is notified of. */
  readonly lists: AnnouncedLists;
  readonly client: Implementation | undefined;
  /** Undefined: they are too large for an id. */
  readonly capabilities: ClientCapabilities | undefined;
  /** When the session ends, in milliseconds since 1970. */
  readonly ends: number;
}

/** Whose session it is. An id says it to nobody, and opens for nobody else. */
export interface SessionOwner {
  readonly partition: string;
  readonly subject: string;
}

/** Makes and reads ids. */
export interface SessionIds {
  /**
   * An id: visible ASCII, different at each call.
   *
   * @returns `isWhole`: whether the capabilities fit into it
   */
  seal(owner: SessionOwner, handshake: Handshake): { id: string; isWhole: boolean };
  /** What an id says. @returns undefined if it was not made here, was changed, has ended, or is another user's */
  open(owner: SessionOwner, id: string): Handshake | undefined;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** A header may have 16 KB in all. Ids are far shorter. */
const MAX_ID = 2_048;
/** Characters of client and capabilities in an id. */
const MAX_TEXT = 700;
/** The form of the sealed array. */
const FORMAT = 1;

const LISTS = ['tools', 'prompts', 'resources'] as const;
const bitsOf = (lists: AnnouncedLists): number => LISTS.reduce((bits, list, index) => bits + (lists[list] ? 1 << index : 0), 0);
const listsOf = (bits: number): AnnouncedLists =>
  Object.fromEntries(LISTS.map((list, index) => [list, (bits & (1 << index)) !== 0])) as unknown as AnnouncedLists;

type Sealed = [format: number, version: string, lists: number, ends: number, capabilities: unknown, client?: unknown];

/** What is authenticated, and not sent: it is computed again from the request that names the session. */
const bindingOf = ({ partition, subject }: SessionOwner): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(['session', partition, subject]))
    .digest();

/**
 * Creates the ids of sessions (AES-256-GCM).
 *
 * @param secret processes with the same secret read each other's ids. Undefined: a random one for this process
 * @param now the clock, in milliseconds since 1970
 */
export function createSessionIds(secret: string | undefined, now: () => number = Date.now): SessionIds {
  const key =
    secret === undefined ? randomBytes(32) : createHash('sha256').update('mcp-daemon session\0').update(secret).digest();

  function textOf({ version, lists, ends, capabilities, client }: Handshake): { text: string; isWhole: boolean } {
    const sealed = (...more: unknown[]): string => {
      const array = [FORMAT, version, bitsOf(lists), Math.ceil(ends / 1_000), ...more];
      return JSON.stringify(array);
    };
    const all = sealed(capabilities ?? null, client);
    if (all.length <= MAX_TEXT) return { text: all, isWhole: true };
    const withoutCapabilities = sealed(null, client);
    return { text: withoutCapabilities.length <= MAX_TEXT ? withoutCapabilities : sealed(null), isWhole: false };
  }

  return {
    seal(owner, handshake) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bindingOf(owner));
      const { text, isWhole } = textOf(handshake);
      const bytes = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return { id: Buffer.concat(bytes).toString('base64url'), isWhole };
    },
    open(owner, id) {
      if (id.length > MAX_ID) return undefined;
      const bytes = Buffer.from(id, 'base64url');
      // Buffer ignores characters that are not base64url: one session must not have two ids.
      if (bytes.length <= IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== id) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES)).setAAD(bindingOf(owner));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      let sealed: Sealed;
      try {
        const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
        sealed = JSON.parse(text) as Sealed;
      } catch {
        return undefined; // of another secret or another user, or changed
      }
      const [format, named, lists, seconds, capabilities, client] = sealed;
      const version = LEGACY_VERSIONS.find((known) => known === named);
      const ends = seconds * 1_000;
      if (format !== FORMAT || version === undefined || ends <= now()) return undefined;
      return {
        ...{ version, lists: listsOf(lists), ends },
        client: (client ?? undefined) as Implementation | undefined,
        capabilities: (capabilities ?? undefined) as ClientCapabilities | undefined,
      };
    },
  };
}
