/** The sessions of an endpoint: found by id, bounded in number, in idle time and in what they keep. */
import type { Daemon } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { userKey } from '../wire/user-counts.js';
import type { SessionHouse } from './http-session.js';
import { HttpSession } from './http-session.js';

/** Milliseconds for which events are kept for clients that come back. */
const KEEP_EVENTS_MS = 120_000;
/** What all sessions together keep of events. */
const MAX_KEPT_CHARACTERS = 64_000_000;

/** What {@link createSessions} takes. */
export interface SessionsOptions {
  daemon: Daemon;
  streams: EventStreams;
  idleMs: number;
  maxSessions: number;
  maxSessionsPerUser: number;
}

/** The table of sessions. */
export interface Sessions {
  /** A session that is not in the table yet. @throws DaemonError `closed` */
  create(caller: Caller): HttpSession;
  /** Puts a session into the table; where that is full, or its user's share of it, the one that was idle longest goes. */
  add(session: HttpSession): void;
  /** The session of that id, if it is this caller's. */
  find(id: string, caller: Caller): HttpSession | undefined;
  readonly size: number;
  /** Lets calls under way end, no longer than `drainMs`, then ends all sessions. */
  close(drainMs: number): Promise<void>;
}

/** The session that was idle longest: one with calls under way only where all have. */
function idlest(sessions: Iterable<HttpSession>): HttpSession | undefined {
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

/** Creates a table. */
export function createSessions(options: SessionsOptions): Sessions {
  const { daemon, streams, idleMs, maxSessions, maxSessionsPerUser } = options;
  /** The one that was idle longest is first. */
  const table = new Map<string, HttpSession>();
  /** Those of each user, in the order of their beginning: to keep them in another would cost something at every request. */
  const owned = new Map<string, Set<HttpSession>>();
  let kept = 0;
  let timer: NodeJS.Timeout | undefined;

  const house: SessionHouse = {
    daemon,
    streams,
    kept(characters) {
      kept += characters;
      if (kept <= MAX_KEPT_CHARACTERS) return;
      for (const session of table.values()) {
        if (kept <= MAX_KEPT_CHARACTERS) break;
        session.expire(Infinity);
      }
    },
    ended(session) {
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
    if (own.size >= maxSessionsPerUser) idlest(own)?.core.close();
    // The one that ended may have been the last.
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
    const now = Date.now();
    for (const session of [...table.values()]) {
      session.expire(now - KEEP_EVENTS_MS);
      if (session.lastUsed + idleMs > now) continue;
      if (session.present) touch(session, now);
      else session.core.close();
    }
  }

  /** Ends the session that was idle longest: one with calls under way only where all have. */
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

  return {
    create: (caller) => new HttpSession(house, caller),
    add(session) {
      addOwn(session);
      while (table.size >= maxSessions) makeRoom();
      table.set(session.id, session);
      timer ??= setInterval(sweep, Math.min(30_000, Math.max(10, idleMs / 4))).unref();
    },
    find(id, caller) {
      const session = table.get(id);
      // Who only knows the id is told what everybody is told who does not.
      if (session?.belongsTo(caller) !== true) return undefined;
      touch(session, Date.now());
      return session;
    },
    get size() {
      return table.size;
    },
    async close(drainMs) {
      const all = [...table.values()];
      await Promise.all(all.map((session) => session.core.drain(drainMs)));
      await new Promise<void>((resolve) => setImmediate(resolve)); // the last answers leave first
      for (const session of all) session.core.close();
    },
  };
}
