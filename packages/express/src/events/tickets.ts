/**
 * Tickets: a browser's `EventSource` cannot send a header, and a token in a URL ends in logs and histories. A ticket in a URL is
 * worth nothing there: it is good once, and soon not at all.
 */
import { randomBytes } from 'node:crypto';

import type { EventsIdentity } from './viewer.js';

/** How long a ticket is good for. */
export const TICKET_MS = 30_000;
/** Tickets at once, in all and of one user: the oldest goes first. */
const MAX_TICKETS = 10_000;
const MAX_PER_USER = 100;

interface Issued {
  readonly identity: EventsIdentity;
  readonly user: string;
  readonly until: number;
}

/** Tickets that were given out. */
export class Tickets {
  /** All live equally long, so the oldest is the first to end. */
  readonly #issued = new Map<string, Issued>();
  readonly #byUser = new Map<string, Set<string>>();
  #sweep: NodeJS.Timeout | undefined;

  /** @returns 43 characters that need no escaping in a URL */
  create({ partition, subject, roles }: EventsIdentity): string {
    const ticket = randomBytes(32).toString('base64url');
    const user = JSON.stringify([partition, subject]);
    const mine = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, mine.add(ticket));
    const identity = { partition, subject, ...(roles === undefined ? {} : { roles: [...roles] }) };
    this.#issued.set(ticket, { identity, user, until: Date.now() + TICKET_MS });
    if (mine.size > MAX_PER_USER) this.#drop(mine.values().next().value);
    if (this.#issued.size > MAX_TICKETS) this.#drop(this.#issued.keys().next().value);
    this.#sweep ??= setInterval(() => this.#expire(), TICKET_MS).unref();
    return ticket;
  }

  /** @returns whose it was; undefined: it is none, or was spent, or is too old */
  spend(ticket: string): EventsIdentity | undefined {
    const issued = this.#issued.get(ticket);
    this.#drop(ticket);
    return issued !== undefined && issued.until > Date.now() ? issued.identity : undefined;
  }

  /** Makes all of them worthless. */
  clear(): void {
    this.#issued.clear();
    this.#byUser.clear();
    this.#rest();
  }

  #expire(): void {
    const now = Date.now();
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
    if (this.#issued.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
