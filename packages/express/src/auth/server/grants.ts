/**
 * What users have allowed clients: one grant for each time a user has allowed a client. Tokens are valid only while their grant
 * exists, so withdrawing it ends them all.
 */
import type { Awaitable, Logger } from '@mcp-daemon/core';

import type { Entries } from './entries.js';
import { digestKey, isStoreProblem } from './entries.js';

/** One grant, as its user sees it. */
export interface GrantInfo {
  /** Names the grant; it is no secret. */
  readonly id: string;
  readonly clientId: string;
  /** The name that the client gives itself; it may be missing and is not verified. */
  readonly clientName?: string;
  /** The URLs of the MCP endpoints that the client may use. */
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  /** ISO 8601, in UTC. */
  readonly created: string;
  readonly expires: string;
}

/** How many grants a user can have. A new one withdraws the oldest. */
export const MAX_GRANTS = 50;
/** How old the knowledge that a grant exists may be, in milliseconds. */
const CHECK_EVERY_MS = 2_000;
/** Of how many grants it is known whether they exist. */
const MAX_KNOWN = 10_000;

/** The grants of all users. */
export interface ClientGrants {
  /** The id of a grant, from the secret id that the library gives it. */
  idOf(secretId: string): string;
  /** Adds a grant. */
  add(username: string, grant: GrantInfo): Promise<void>;
  /** The grants of a user, the newest first. */
  list(username: string): Promise<GrantInfo[]>;
  /** Withdraws a grant. @returns whether the user had it */
  withdraw(username: string, id: string): Promise<boolean>;
  /** Whether a grant exists, as known at most two seconds ago. @throws DaemonError if the store fails and nothing is known */
  exists(username: string, id: string): Awaitable<boolean>;
  /** The same, as far as it is known. A grant that is asked about here is checked by the next {@link ClientGrants.refresh}. */
  isKnownToExist(username: string, id: string): boolean;
  /** Checks the grants that were asked about. @returns undefined where there is nothing to wait for */
  refresh(): Promise<void> | undefined;
}

interface Known {
  exists: boolean;
  /** In milliseconds of `performance.now()`. */
  checkedAt: number;
  checking?: Promise<boolean> | undefined;
  /** Whether it has been asked about since the last refresh. */
  asked: boolean;
}

const folderOf = (username: string): string => `grant/${digestKey(username)}/`;
/** The library's own entry of a grant; see `adapter.ts`. */
const libraryEntry = (id: string): string => `Grant/${id}`;

/** Opens the grants. @param now the clock, in milliseconds; for tests */
export function openGrants(
  entries: Entries,
  logger?: Pick<Logger, 'error'>,
  now: () => number = () => performance.now(),
): ClientGrants {
  const known = new Map<string, Known>();

  function remember(name: string, exists: boolean): void {
    const before = known.get(name);
    known.delete(name);
    known.set(name, { exists, checkedAt: now(), asked: before?.asked ?? false });
    if (known.size <= MAX_KNOWN) return;
    const oldest = known.keys().next();
    if (!oldest.done) known.delete(oldest.value);
  }

  async function check(name: string): Promise<boolean> {
    const before = known.get(name);
    try {
      const exists = (await entries.get(name)) !== undefined;
      remember(name, exists);
      return exists;
    } catch (error) {
      if (before === undefined || !isStoreProblem(error)) throw error;
      // A store that is busy for a moment must not end everybody's calls.
      logger?.error({ error: (error as Error).message }, 'it cannot be checked whether a log-in is still allowed');
      before.checkedAt = now();
      return before.exists;
    } finally {
      if (before !== undefined) before.checking = undefined;
    }
  }

  function exists(name: string): Awaitable<boolean> {
    const entry = known.get(name);
    if (entry === undefined) return check(name);
    if (!entry.exists || now() - entry.checkedAt < CHECK_EVERY_MS) return entry.exists;
    return (entry.checking ??= check(name));
  }

  async function withdraw(username: string, id: string): Promise<boolean> {
    const name = folderOf(username) + id;
    const had = await entries.delete(name);
    await entries.delete(libraryEntry(id));
    if (had) remember(name, false);
    return had;
  }

  async function list(username: string): Promise<GrantInfo[]> {
    const found = await entries.list<GrantInfo>(folderOf(username));
    return found.map(({ value }) => value).sort((a, b) => (a.created < b.created ? 1 : -1));
  }

  return {
    idOf: digestKey,
    async add(username, grant) {
      const name = folderOf(username) + grant.id;
      await entries.put(name, grant, { expires_at: Date.parse(grant.expires) });
      remember(name, true);
      for (const { id } of (await list(username)).slice(MAX_GRANTS)) await withdraw(username, id);
    },
    list,
    withdraw,
    exists: (username, id) => exists(folderOf(username) + id),
    isKnownToExist(username, id) {
      const entry = known.get(folderOf(username) + id);
      if (entry !== undefined) entry.asked = true;
      return entry?.exists ?? true;
    },
    refresh() {
      const due: Promise<boolean>[] = [];
      for (const [name, entry] of known) {
        if (!entry.asked) continue;
        entry.asked = false;
        const answer = exists(name);
        if (answer instanceof Promise) due.push(answer);
      }
      return due.length === 0 ? undefined : Promise.all(due).then(() => undefined);
    },
  };
}
