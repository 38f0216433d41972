/**
 * Tickets replace tokens in URLs. A browser's `EventSource` cannot send headers, and a token in a URL would end up in logs and in the
 * browser history. A ticket there is harmless: it can be used only once, and expires soon.
 */
import { randomBytes } from 'node:crypto';

import { isRevoked } from '../wire/caller.js';
import type { EventsIdentity } from './viewer.js';

/** How long a ticket is valid, in milliseconds. */
export const TICKET_MS = 30_000;
/** How many tickets are valid at once, in total and of one user. The oldest is removed first. */
const MAX_TICKETS = 10_000;
const MAX_PER_USER = 100;

interface Issued {
  readonly identity: EventsIdentity;
  readonly user: string;
  /** In milliseconds of `performance.now()`. */
  readonly until: number;
}

/** The valid tickets. */
export class Tickets {
  /** Oldest first. All tickets are valid for the same time, so the oldest is the first to expire. */
  readonly #issued = new Map<string, Issued>();
  readonly #byUser = new Map<string, Set<string>>();
  #sweep: NodeJS.Timeout | undefined;

  /** Creates a ticket. @returns 43 characters that need no escaping in a URL */
  create({ partition, subject, roles, isValid }: EventsIdentity): string {
    const ticket = randomBytes(32).toString('base64url');
    const user = JSON.stringify([partition, subject]);
    const mine = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, mine.add(ticket));
    const identity = {
      partition,
      subject,
      ...(roles === undefined ? {} : { roles: [...roles] }),
      ...(isValid === undefined ? {} : { isValid }),
    };
    this.#issued.set(ticket, { identity, user, until: performance.now() + TICKET_MS });
    if (mine.size > MAX_PER_USER) this.#drop(mine.values().next().value);
    if (this.#issued.size > MAX_TICKETS) this.#drop(this.#issued.keys().next().value);
    this.#sweep ??= setInterval(() => this.#expire(), TICKET_MS).unref();
    return ticket;
  }

  /** Uses up a ticket. @returns the caller it was created for; undefined: the ticket is unknown, used or too old, or its user or token has changed */
  use(ticket: string): EventsIdentity | undefined {
    const issued = this.#issued.get(ticket);
    this.#drop(ticket);
    if (issued === undefined || issued.until <= performance.now() || isRevoked(issued.identity)) return undefined;
    return issued.identity;
  }

  /** Makes all tickets invalid. */
  clear(): void {
    this.#issued.clear();
    this.#byUser.clear();
    this.#stopTimer();
  }

  #expire(): void {
    const now = performance.now();
    for (const [ticket, { until }] of this.#issued) {
      if (until > now) break;
      this.#drop(ticket);
    }
  }

  #drop(ticket: string | undefined): void {
    const issued = ticket === undefined ? undefined : this.#issued.get(ticket);
    if (ticket === undefined || issued === undefined) return;
    this.#issued.delete(ticket);
    const mine = this.#byUser.get(issued.user);
    mine?.delete(ticket);
    if (mine?.size === 0) this.#byUser.delete(issued.user);
    if (this.#issued.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
