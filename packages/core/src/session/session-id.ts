/**
 * The ids of sessions of the legacy era. An id is what the handshake said, encrypted and authenticated: a process that shares the secret
 * can continue a session that it has never seen.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
 */
import { createSeal, sealingKey } from '../base/seal.js';
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
const bindingOf = ({ partition, subject }: SessionOwner): string => JSON.stringify(['session', partition, subject]);

/**
 * Creates the ids of sessions.
 *
 * @param secret processes with the same secret read each other's ids. Undefined: a random one for this process
 * @param now the clock, in milliseconds since 1970
 */
export function createSessionIds(secret: string | undefined, now: () => number = Date.now): SessionIds {
  const ids = createSeal(sealingKey(secret, 'session'));

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
      const { text, isWhole } = textOf(handshake);
      return { id: ids.seal(text, bindingOf(owner)), isWhole };
    },
    open(owner, id) {
      const text = id.length > MAX_ID ? undefined : ids.open(id, bindingOf(owner));
      if (text === undefined) return undefined;
      const [format, named, lists, seconds, capabilities, client] = JSON.parse(text) as Sealed;
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
