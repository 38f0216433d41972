/** The sessions of an endpoint, by id, with limits on their number, their idle time and the events they keep. */
import type { Awaitable, Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import type { ListSessions } from '../wire/open-session.js';
import { openSession } from '../wire/open-session.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import type { Turns } from '../wire/turns.js';
import { userKey } from '../wire/user-counts.js';
import type { SessionContext } from './http-session.js';
import { HttpSession } from './http-session.js';
import { createKeptEvents } from './kept-events.js';

/** How long events are kept for clients that reconnect. */
const KEEP_EVENTS_MS = 120_000;

/** What {@link createSessions} takes. */
export interface SessionsOptions {
  daemon: Daemon;
  streams: EventStreams;
  budget: Pick<ByteBudget, 'hold'>;
  idleMs: number;
  maxSessions: number;
  maxSessionsPerUser: number;
  /**
   * Maximum characters of the events that are kept for clients that resume: of all sessions together, and of the sessions of one
   * user.
   */
  maxKept: number;
  maxKeptPerUser: number;
  /** Makes the challenge for a token that lacks scopes. */
  challenge?: ScopeChallenge | undefined;
  /** Writes answers that are ready at once. */
  turns: Pick<Turns, 'atEnd'>;
  /** After this time without an answer a stream is opened. */
  streamAfterMs: number;
}

/** The table of sessions. */
export interface Sessions {
  /** Creates a session without adding it to the table. @throws DaemonError `closed` if the daemon is closed */
  create(caller: Caller): HttpSession;
  /**
   * Names a session after its handshake, and adds it. If the table or the limit of its user is full, the session that was idle longest
   * is closed.
   */
  add(session: HttpSession): Awaitable<void>;
  /** The session with an id, if it belongs to this caller. */
  find(id: string, caller: Caller): HttpSession | undefined;
  /**
   * Continues a session that is not in the table: it was closed because it was idle, or another process has had it.
   *
   * @throws DaemonError `store_busy`, `store_failed`, `closed`
   */
  take(id: string, caller: Caller): Promise<HttpSession | undefined>;
  /**
   * Ends a session for good. @returns whether there was such a session of this caller
   *
   * @throws DaemonError `store_busy`, `store_failed`, `closed`
   */
  end(id: string, caller: Caller): Promise<boolean>;
  /** Ends running requests of callers who have lost access. The sessions stay: their user may have another token. */
  endRevoked(): void;
  /** The sessions of a partition, as administrators see them: the one that was idle longest first. */
  readonly list: ListSessions;
  /** How many sessions are in the table. */
  readonly size: number;
  /** Waits up to `drainMs` for running calls, then closes all sessions. */
  close(drainMs: number): Promise<void>;
}

/** The session that was idle longest. A session with running calls is chosen only if all have some. */
function longestIdle(sessions: Iterable<HttpSession>): HttpSession | undefined {
  let found: HttpSession | undefined;
  let foundIsBusy = true;
  for (const session of sessions) {
    const { busy } = session;
    if (found !== undefined && (busy === foundIsBusy ? session.lastUsed >= found.lastUsed : busy)) continue;
    found = session;
    foundIsBusy = busy;
  }
  return found;
}

/** Creates an empty table. */
export function createSessions(options: SessionsOptions): Sessions {
  const { daemon, streams, budget, idleMs, maxSessions, maxSessionsPerUser, maxKept, maxKeptPerUser } = options;
  const { challenge, turns, streamAfterMs } = options;
  /** Ordered by the time of the last request: the session that was idle longest is first. */
  const table = new Map<string, HttpSession>();
  /** The sessions of each user, oldest first. They are not reordered at every request, because that would cost time. */
  const owned = new Map<string, Set<HttpSession>>();
  const kept = createKeptEvents({ max: maxKept, maxPerUser: maxKeptPerUser, sessionsOf: (user) => owned.get(user) ?? [] });
  let timer: NodeJS.Timeout | undefined;

  const context: SessionContext = {
    daemon,
    streams,
    budget,
    challenge,
    turns,
    streamAfterMs,
    onKept: ({ caller }, characters) => kept.change(userKey(caller), characters),
    onEnded(session) {
      if (!table.delete(session.id)) return;
      removeOwn(session);
      if (table.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };

  function addOwn(session: HttpSession): void {
    const key = userKey(session.caller);
    const own = owned.get(key);
    if (own === undefined) {
      owned.set(key, new Set([session]));
      return;
    }
    if (own.size >= maxSessionsPerUser) longestIdle(own)?.core.close();
    // The closed session may have been the user's only one, and has then removed the set from the map.
    owned.set(key, own.add(session));
  }

  function removeOwn(session: HttpSession): void {
    const key = userKey(session.caller);
    const own = owned.get(key);
    if (own?.delete(session) === true && own.size === 0) owned.delete(key);
  }

  function touch(session: HttpSession, now: number): void {
    session.lastUsed = now;
    table.delete(session.id);
    table.set(session.id, session);
  }

  function sweep(): void {
    const now = performance.now();
    for (const session of [...table.values()]) {
      session.expire(now - KEEP_EVENTS_MS);
      if (session.lastUsed + idleMs > now) continue;
      if (session.isActive) touch(session, now);
      else session.core.close();
    }
  }

  /** Closes the session that was idle longest. A session with running calls is chosen only if all have some. */
  function makeRoom(): void {
    let victim: HttpSession | undefined;
    for (const session of table.values()) {
      victim ??= session;
      if (session.busy) continue;
      victim = session;
      break;
    }
    victim?.core.close();
  }

  /** Sessions that are being taken up, so that two requests at once take up one session. */
  const taking = new Map<string, Promise<HttpSession | undefined>>();
  let closed = false;

  function insert(session: HttpSession): void {
    addOwn(session);
    while (table.size >= maxSessions) makeRoom();
    table.set(session.id, session);
    timer ??= setInterval(sweep, Math.min(30_000, Math.max(10, idleMs / 4))).unref();
  }

  function find(id: string, caller: Caller): HttpSession | undefined {
    const session = table.get(id);
    // Another user's session is answered like an unknown id, so that ids cannot be probed.
    if (session?.belongsTo(caller) !== true) return undefined;
    touch(session, performance.now());
    return session;
  }

  async function takeUp(id: string, caller: Caller): Promise<HttpSession | undefined> {
    const kept = await daemon.sessions.find(id, caller);
    if (kept === undefined) return undefined;
    if (closed) throw new DaemonError('closed', 'The server is shutting down.');
    const session = new HttpSession(context, caller);
    session.continue(id, kept);
    insert(session);
    return session;
  }

  return {
    create: (caller) => new HttpSession(context, caller),
    add(session) {
      const { caller, core } = session;
      const id = daemon.sessions.name(core, { partition: caller.partition, subject: caller.subject });
      const named = (given: string): void => {
        session.id = given;
        insert(session);
      };
      return id instanceof Promise ? id.then(named) : named(id);
    },
    find,
    take(id, caller) {
      const key = `${id}\0${userKey(caller)}`;
      const begun = taking.get(key);
      if (begun !== undefined) return begun;
      const taken = takeUp(id, caller).finally(() => taking.delete(key));
      taking.set(key, taken);
      return taken;
    },
    async end(id, caller) {
      const session = find(id, caller);
      session?.core.close('client');
      return (await daemon.sessions.end(id, caller)) || session !== undefined;
    },
    list: (partition) =>
      [...table.values()]
        .filter(({ caller }) => caller.partition === partition)
        .map((session) => openSession(session, 'streamable-http')),
    endRevoked() {
      for (const session of table.values()) if (session.busy) session.endRevoked();
    },
    get size() {
      return table.size;
    },
    async close(drainMs) {
      closed = true;
      const all = [...table.values()];
      await Promise.all(all.map((session) => session.core.drain(drainMs)));
      await new Promise<void>((resolve) => setImmediate(resolve)); // lets the last answers be sent first
      for (const session of all) session.core.close('server');
    },
  };
}
