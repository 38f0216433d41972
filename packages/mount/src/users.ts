/**
 * Connections of users to mounted servers at which each user logs in. A user's connection is used by that user alone; it is opened at
 * need, and closed when it was not used for some time.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Implementation, Logger, MountDefinition } from '@mcp-daemon/core';

import { NeedsLogin } from './base/unsent.js';
import type { Carrier, CarrierEvents } from './connection/carrier.js';
import { Connection } from './connection/connection.js';
import { greet, makesTasks } from './connection/handshake.js';
import { Subscriptions } from './connection/subscriptions.js';
import type { TokenKeeper, UserLogins } from './http/index.js';
import type { Logins } from './logins.js';
import type { Live, Upstream } from './upstream.js';

/** What {@link Users} takes. */
export interface UsersOptions {
  client: Implementation;
  logger: Logger;
  logins: Logins;
  /** Opens a connection with the tokens of a user. @throws Error that says why it cannot */
  open: (mount: MountDefinition, events: CarrierEvents, keeper: TokenKeeper) => Promise<Carrier>;
  /** The pages on which users log in; undefined: there are none, as over stdin and stdout, where an operator logs in. */
  pages: () => Promise<UserLogins> | undefined;
  hasPages: () => boolean;
  /** Milliseconds that a server may take for its handshake. */
  startMs: number;
}

/** A connection of a user. */
interface Entry {
  readonly mount: MountDefinition;
  readonly subject: string;
  readonly live: Promise<Live>;
  opened?: Live;
  usedAt: number;
}

/** The subject of callers that are not told apart: there is one user. */
const ANYONE = 'anonymous';
const IDLE_MS = 10 * 60_000;
const MAX_OPEN = 1_000;
const SWEEP_MS = 60_000;
const POLL_MS = 1_000;

/** The connections of users. */
export class Users {
  readonly #options: UsersOptions;
  readonly #entries = new Map<string, Entry>();
  /** Waits for users to log in, by server and user. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  static #key(server: string, subject: string): string {
    return JSON.stringify([server, subject]);
  }

  /**
   * The connection of a user.
   *
   * @throws NeedsLogin if the user has to log in; Error if the server cannot be reached
   */
  async live(upstream: Upstream, subject: string): Promise<Live> {
    const { mount } = upstream;
    if (!this.hasPages) {
      if (subject === ANYONE) return upstream.ready();
      throw new Error(`the server "${mount.name}" wants each user to log in, and there is no page for that here`);
    }
    const key = Users.#key(mount.name, subject);
    const known = this.#entries.get(key);
    if (known?.mount === mount && known.opened?.connection.closed === undefined) {
      known.usedAt = performance.now();
      return known.live;
    }
    if (known !== undefined) this.#drop(key, known);
    if (this.#closed) throw new Error(`the server "${mount.name}" is not mounted any more`);
    const entry: Entry = { mount, subject, usedAt: performance.now(), live: this.#open(upstream, subject) };
    this.#entries.set(key, entry);
    this.#bound();
    try {
      entry.opened = await entry.live;
      return entry.opened;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#drop(key, entry);
      throw error;
    }
  }

  async #open(upstream: Upstream, subject: string): Promise<Live> {
    const { client, logger, logins, open, startMs } = this.#options;
    const { mount } = upstream;
    const { name } = mount;
    const keeper = await logins.keeper(mount, subject);
    if (!(await keeper.isLoggedIn())) throw new NeedsLogin(`the server "${name}" needs a log-in`);
    const ignore = (): void => undefined; // lists and subscriptions are those of the operator's connection
    const connection = new Connection({ name, logger, onListChanged: ignore, onResourceUpdated: ignore, onClosed: ignore });
    const carrier = await open(mount, connection, keeper);
    connection.attach(carrier);
    const late = new AbortController();
    try {
      const greeting = await Promise.race([
        greet(connection, client, upstream.greeting?.era ?? mount.protocol),
        sleep(startMs, undefined, { signal: late.signal, ref: false }).then(() => {
          throw new Error(`the server "${name}" did not answer within ${startMs / 1_000} s`);
        }),
      ]);
      const subscriptions = new Subscriptions({ connection, greeting, client, refused: ignore });
      const { hasStreams } = carrier;
      return { connection, greeting, subscriptions, hasStreams, makesTasks: makesTasks(greeting), logLevel: undefined };
    } catch (error) {
      void connection.close('it could not be opened');
      throw error;
    } finally {
      late.abort();
    }
  }

  /** A call had no valid tokens: the next one begins anew. */
  forget({ mount }: Upstream, subject: string): void {
    const key = Users.#key(mount.name, subject);
    const entry = this.#entries.get(key);
    if (entry?.mount === mount) this.#drop(key, entry);
  }

  /** Whether there are pages on which users log in. */
  get hasPages(): boolean {
    return this.#options.hasPages();
  }

  /** The page on which a user logs in. @throws Error if there is none */
  async pageOf({ mount }: Upstream, subject: string): Promise<string> {
    const pages = await this.#options.pages();
    if (pages === undefined) throw new Error('there is no page to log in on here');
    return pages.pageOf(mount.name, subject);
  }

  /** Called when a user has logged in, in this process. */
  loggedIn(server: string, subject: string): void {
    for (const wake of this.#waiting.get(Users.#key(server, subject)) ?? []) wake();
  }

  /** Waits until a user has logged in, here or in another process. @param ms no longer than that */
  async waitForLogin({ mount }: Upstream, subject: string, ms: number, signal: AbortSignal): Promise<void> {
    const keeper = await this.#options.logins.keeper(mount, subject);
    const key = Users.#key(mount.name, subject);
    const wakes = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, wakes);
    for (const until = performance.now() + ms; performance.now() < until && !signal.aborted;) {
      const over = new AbortController();
      const stop = (): void => over.abort();
      wakes.add(stop);
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (await keeper.isLoggedIn()) return;
        await sleep(POLL_MS, undefined, { signal: over.signal }).catch(() => undefined);
      } finally {
        wakes.delete(stop);
        signal.removeEventListener('abort', stop);
        if (wakes.size === 0) this.#waiting.delete(key);
      }
      this.#waiting.set(key, wakes);
    }
    if (wakes.size === 0) this.#waiting.delete(key);
  }

  /** Closes the connections to a server that is not mounted any more. */
  retire(mount: MountDefinition): void {
    for (const [key, entry] of this.#entries) if (entry.mount === mount) this.#drop(key, entry);
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    const open = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(
      open.flatMap(({ opened }) => (opened === undefined ? [] : [opened.connection.close('the server shuts down')])),
    );
  }

  #drop(key: string, { mount, subject, opened }: Entry): void {
    this.#entries.delete(key);
    this.#options.logins.release(mount, subject);
    void opened?.connection.close(`the connection to the server "${mount.name}" was not used any more`);
  }

  /** Closes what was not used for long, and what is too much. */
  #bound(): void {
    this.#sweep ??= setInterval(() => this.#closeIdle(IDLE_MS), SWEEP_MS).unref();
    if (this.#entries.size > MAX_OPEN) this.#closeIdle(0, 1);
  }

  #closeIdle(idleMs: number, most = Infinity): void {
    const now = performance.now();
    const idle = [...this.#entries]
      .filter(([, { usedAt, opened }]) => now - usedAt >= idleMs && opened?.connection.pending === 0)
      .sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, entry] of idle.slice(0, most)) this.#drop(key, entry);
  }
}
