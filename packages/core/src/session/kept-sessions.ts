/**
 * Sessions of the legacy era that outlive their process, their idleness and their connection. The id of a session carries its handshake
 * (session-id.ts). What changes later is in the store's shared state, if it has one: the log level, the subscriptions, and that the client
 * has ended the session.
 */
import { createHash } from 'node:crypto';

import type { Awaitable } from '../base/awaitable.js';
import type { Catalog } from '../catalog/catalog.js';
import { uriTemplatesOf } from '../events/subscriptions.js';
import type { Logger } from '../ports/logger.js';
import type { StateStore } from '../ports/state.js';
import { DaemonError } from '../protocol/errors.js';
import type { AnnouncedLists } from '../protocol/exchange.js';
import type { ClientCapabilities, JsonRpcNotification, LogLevel } from '../protocol/messages.js';
import type { HeldScopes } from '../protocol/scopes.js';
import { hasScopes } from '../protocol/scopes.js';
import type { Session } from './session.js';
import type { SessionIds, SessionOwner } from './session-id.js';

/** A session that no connection of this process has at the moment. */
export interface KeptSession {
  /**
   * Continues it on a connection that has just been opened.
   *
   * @returns what the client is to be sent: that lists and resources may have changed while nothing told it so
   */
  continueOn(session: Session): JsonRpcNotification[];
}

/** Who asks for a session. */
export interface TakingCaller extends SessionOwner {
  /** The scopes of the caller's token. Absent: all. */
  readonly scopes?: HeldScopes;
}

/** Sessions apart from their connections. */
export interface KeptSessions {
  /**
   * Names a session after its handshake.
   *
   * @returns its id: visible ASCII of at most 1,100 characters, which works for its owner alone
   * @throws DaemonError `usage` before the handshake
   */
  name(session: Session, owner: SessionOwner): Awaitable<string>;
  /**
   * Finds a session that another connection, or another process with the same secret, has had.
   *
   * @returns undefined if the id is none of this caller's, has expired, or if the client has ended the session
   * @throws DaemonError `store_busy`, `store_failed`, `closed`
   */
  find(id: string, caller: TakingCaller): Promise<KeptSession | undefined>;
  /**
   * Ends a session for good: it is not found any more, here and by other processes.
   *
   * @returns false if the id is none of this owner's, has expired, or had been ended
   * @throws DaemonError `store_busy`, `store_failed`, `closed`
   */
  end(id: string, owner: SessionOwner): Promise<boolean>;
}

/** What {@link createKeptSessions} takes. */
export interface KeptSessionsOptions {
  ids: SessionIds;
  catalog: Catalog;
  /** The shared state of the store; undefined: it has none. */
  state: () => Promise<StateStore | undefined>;
  /** How long a session can be taken up again, in milliseconds. */
  ttlMs: number;
  logger: Logger;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

type Save = () => Promise<void>;

interface Readable {
  uris: readonly string[];
  templates: readonly string[];
}

/** The entry of a session in the shared state. */
interface Entry {
  /** The client has ended the session. */
  ended?: true;
  level?: LogLevel;
  uris?: readonly string[];
  /** Capabilities that are too large for an id. */
  capabilities?: ClientCapabilities;
}

/** Characters of the URIs that are kept of one session. The rest is lost with its process. */
const MAX_URI_CHARACTERS = 16_000;
/** How many sessions that ended here a process remembers by itself: the store may have no shared state. */
const MAX_ENDED = 100_000;

/** The level that a handshake sets. */
const FIRST_LEVEL: LogLevel = 'info';

const keyOf = (id: string): string => `session/${createHash('sha256').update(id).digest('base64url').slice(0, 32)}`;

/** The first URIs, as many as are kept. */
function keptUris(uris: Iterable<string>): string[] {
  let left = MAX_URI_CHARACTERS;
  const kept: string[] = [];
  for (const uri of uris) {
    if ((left -= uri.length) < 0) break;
    kept.push(uri);
  }
  return kept;
}

/** Subscribes a session again. A user who has too many subscriptions by now loses those that are too many. */
function subscribe(session: Session, uri: string, templates: readonly string[]): void {
  try {
    void session.subscribe(uri, templates);
  } catch (error) {
    if (!(error instanceof DaemonError && error.code === 'limit_exceeded')) throw error;
  }
}

/** What a client is to be sent that may have missed changes of these lists and resources. */
const missed = (lists: AnnouncedLists, uris: readonly string[]): JsonRpcNotification[] => [
  ...(['tools', 'prompts', 'resources'] as const)
    .filter((list) => lists[list])
    .map((list): JsonRpcNotification => ({ jsonrpc: '2.0', method: `notifications/${list}/list_changed` })),
  ...uris.map((uri): JsonRpcNotification => ({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } })),
];

/** Creates the sessions of a daemon. */
export function createKeptSessions(options: KeptSessionsOptions): KeptSessions {
  const { ids, catalog, state, ttlMs, logger, now = Date.now } = options;
  /** Keys of sessions that ended here, oldest first. */
  const ended = new Set<string>();

  async function read(partition: string, key: string): Promise<Entry> {
    if (ended.has(key)) return { ended: true };
    const entry = await (await state())?.get(partition, key);
    return entry === undefined ? {} : (JSON.parse(entry.value) as Entry);
  }

  /** Writes the entry of a session, unless the client has ended it meanwhile. */
  async function write(partition: string, key: string, entry: Entry, ends: number): Promise<void> {
    const store = await state();
    if (store === undefined) return;
    for (;;) {
      const before = await store.get(partition, key);
      if (before !== undefined && (JSON.parse(before.value) as Entry).ended === true) return;
      const expected = before?.version ?? null;
      const written = await store.put(partition, key, JSON.stringify(entry), { expected, expires_at: ends });
      if (written !== undefined) return;
    }
  }

  /**
   * Keeps what changes in a session, one write at a time.
   *
   * @param capabilities those that are too large for the id
   * @returns a function that writes it now
   */
  function follow(session: Session, owner: SessionOwner, id: string, ends: number, capabilities?: ClientCapabilities): Save {
    const key = keyOf(id);
    let writing: Promise<void> | undefined;
    let isStale = false;

    async function save(): Promise<void> {
      try {
        while (isStale) {
          isStale = false;
          const level = session.legacy?.caller.logLevel;
          const entry: Entry = {
            ...(level === undefined ? {} : { level }),
            ...(session.subscribed.size === 0 ? {} : { uris: keptUris(session.subscribed) }),
            ...(capabilities === undefined ? {} : { capabilities }),
          };
          await write(owner.partition, key, entry, ends);
        }
      } catch (error) {
        if (error instanceof DaemonError && error.code === 'closed') return;
        const lost = 'what a session has subscribed to could not be stored: it is lost if this process ends';
        logger.warn({ partition: owner.partition, error: String(error) }, lost);
      } finally {
        writing = undefined; // in the same turn as the last look at `isStale`
      }
    }

    const changed: Save = () => {
      isStale = true;
      return (writing ??= save());
    };
    session.onChange = changed;
    return changed;
  }

  /** The URIs that a caller may still read, and the templates of the catalog. */
  async function readable({ partition, scopes }: TakingCaller, uris: readonly string[]): Promise<Readable> {
    if (uris.length === 0) return { uris, templates: [] };
    const snapshot = await catalog.snapshot(partition);
    return {
      uris: uris.filter((uri) => {
        const found = snapshot.resource(uri);
        return found !== undefined && hasScopes(found.definition.scopes, scopes);
      }),
      templates: uriTemplatesOf(snapshot.definition),
    };
  }

  return {
    name(session, owner) {
      const { legacy } = session;
      if (legacy === undefined) throw new DaemonError('usage', 'a session has no id before its handshake');
      const { version, client, capabilities } = legacy.caller;
      const ends = now() + ttlMs;
      const { id, isWhole } = ids.seal(owner, { version, client, capabilities, lists: legacy.lists, ends });
      if (!isWhole) return follow(session, owner, id, ends, capabilities)().then(() => id);
      follow(session, owner, id, ends);
      return id;
    },
    async find(id, caller) {
      const handshake = ids.open(caller, id);
      if (handshake === undefined) return undefined;
      const entry = await read(caller.partition, keyOf(id));
      const capabilities = handshake.capabilities ?? entry.capabilities;
      if (entry.ended === true || capabilities === undefined) return undefined;
      const { version, client, lists, ends } = handshake;
      const { level = FIRST_LEVEL } = entry;
      const { uris, templates } = await readable(caller, entry.uris ?? []);
      return {
        continueOn(session) {
          session.begin({ era: 'legacy', version, capabilities, client, logLevel: level }, lists);
          for (const uri of uris) subscribe(session, uri, templates);
          follow(session, caller, id, ends, handshake.capabilities === undefined ? capabilities : undefined);
          return missed(lists, uris);
        },
      };
    },
    async end(id, owner) {
      const handshake = ids.open(owner, id);
      if (handshake === undefined) return false;
      const key = keyOf(id);
      if (ended.has(key)) return false;
      ended.add(key); // first, so that it stays ended here, whatever the store does
      const [oldest] = ended;
      if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
      const store = await state();
      const before = await store?.get(owner.partition, key);
      if (before !== undefined && (JSON.parse(before.value) as Entry).ended === true) return false;
      const entry: Entry = { ended: true };
      await store?.put(owner.partition, key, JSON.stringify(entry), { expires_at: handshake.ends });
      return true;
    },
  };
}
