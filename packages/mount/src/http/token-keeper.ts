/**
 * Keeps the tokens of one log-in up to date: renews them in the background before they expire, exactly once among all processes that share
 * the store, and reports the end of the log-in before calls fail.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { JsonObject, Logger, LoginStatus } from '@mcp-daemon/core';
import type { AuthProvider } from '@modelcontextprotocol/client';

import { NeedsLogin } from '../base/unsent.js';
import type { KeptLogin, LoginStore, LoginTarget } from './kept-login.js';
import { keptLogin, loginEntry } from './kept-login.js';
import { isUsable, renewalDue, statusOf, warningDue } from './login-end.js';
import { clientOf } from './own-client.js';
import { renewTokens } from './renewal.js';
import type { SealedEntry } from './sealed.js';

/** What {@link TokenKeeper} takes. */
export interface TokenKeeperOptions {
  target: LoginTarget;
  store: LoginStore;
  /** Whose log-in it is; null: an operator's, for all callers. */
  subject: string | null;
  /** What to do without a log-in, as the end of a message. */
  advice: string;
  logger: Logger;
  /** Called when the state of the log-in has changed. */
  onChanged?: () => void;
}

/** What another process has changed is seen after at most so many milliseconds. */
const FRESH_MS = 5_000;
/** A process that dies while it renews holds the others up for so long. */
const LEASE_MS = 30_000;
const LEASE_POLL_MS = 200;
/** A timer is never longer. */
const LONGEST_MS = 60 * 60_000;
/** Waits after a failure to reach the authorization server. */
const RETRY_MS = 15_000;
const WRITES = 3;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isRenewable = (kept: KeptLogin): kept is KeptLogin & { tokens: { refresh_token: string } } =>
  kept.tokens.refresh_token !== undefined && kept.problem === undefined;

/** The tokens of one log-in. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  readonly #entry: SealedEntry;
  #kept: KeptLogin | undefined;
  #readAt = -Infinity;
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #state: LoginStatus['state'] | undefined;
  #closed = false;

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
    this.#entry = loginEntry(options.target, options.store, options.subject);
  }

  /** How the log-in is; undefined: it was not read yet. */
  get status(): LoginStatus | undefined {
    return this.#readAt === -Infinity ? undefined : statusOf(this.#kept, Date.now());
  }

  /** Whether there is a log-in now. @throws DaemonError as the state store, and `usage` without a secret */
  async isLoggedIn(): Promise<boolean> {
    await this.#read();
    return this.#kept !== undefined && this.status?.state !== 'needed';
  }

  /** For one request of the official client. */
  provider(): AuthProvider {
    let used: string | undefined;
    return {
      token: async () => {
        used = await this.#token();
        return used;
      },
      onUnauthorized: async () => {
        await this.#replace(used);
      },
    };
  }

  /** Ends the timer. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** The error of a missing log-in. */
  #missing(): NeedsLogin {
    const { target, advice } = this.#options;
    return new NeedsLogin(`the server "${target.name}" needs a log-in: ${advice}`);
  }

  async #read(): Promise<void> {
    const found = await this.#entry.read();
    this.#readAt = performance.now();
    this.#set(found === undefined ? undefined : keptLogin(found.value));
  }

  /** The token for a request; undefined: there is none, and the server may do without. */
  async #token(): Promise<string | undefined> {
    if (performance.now() - this.#readAt > FRESH_MS) await this.#read();
    const kept = this.#kept;
    // A user's call is never made in nobody's name.
    if (kept === undefined && this.#options.subject !== null) throw this.#missing();
    if (kept !== undefined && !isUsable(kept, Date.now()) && isRenewable(kept)) await this.#renew(kept.tokens.access_token);
    return this.#kept?.tokens.access_token;
  }

  /** Gets another token than the one that the server has refused. @throws NeedsLogin if there is none */
  async #replace(refused: string | undefined): Promise<void> {
    await this.#read();
    if (refused === undefined && this.#kept === undefined) throw this.#missing();
    if (this.#kept?.tokens.access_token === refused) await this.#renew(refused);
    if (this.#kept === undefined || this.#kept.tokens.access_token === refused) throw this.#missing();
  }

  /** Renews the tokens, unless that was done already. */
  #renew(old: string | undefined): Promise<void> {
    this.#renewing ??= this.#renewOnce(old).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** A lease in the store: a refresh token can be used once, and using it twice ends the log-in with many servers. */
  async #renewOnce(old: string | undefined): Promise<void> {
    const { store } = this.#options;
    const key = `${this.#entry.key}/renewal`;
    const state = await store.state();
    for (const until = Date.now() + LEASE_MS; ; await sleep(LEASE_POLL_MS)) {
      await this.#read();
      const kept = this.#kept;
      if (kept === undefined || kept.tokens.access_token !== old || !isRenewable(kept)) return;
      const lease = await state.put(store.partition, key, randomUUID(), { expected: null, expires_at: Date.now() + LEASE_MS });
      if (lease !== undefined)
        try {
          return await this.#renewAlone(old);
        } finally {
          await state.delete(store.partition, key, lease.version);
        }
      if (Date.now() > until) throw new Error(`the tokens of the server "${this.#options.target.name}" are being renewed`);
    }
  }

  async #renewAlone(old: string | undefined): Promise<void> {
    const found = await this.#entry.read(); // another process may have renewed them just before the lease
    const kept = found === undefined ? undefined : keptLogin(found.value);
    if (found === undefined || kept === undefined || kept.tokens.access_token !== old || !isRenewable(kept))
      return this.#set(kept);
    const { target, logger } = this.#options;
    const renewing = clientOf(kept, target).then((client) => renewTokens(kept, client));
    const renewed = await renewing.catch((error: unknown) => {
      throw new Error(`the tokens of the server "${target.name}" cannot be renewed now: ${messageOf(error)}`, { cause: error });
    });
    const next = 'refused' in renewed ? { ...kept, problem: renewed.refused } : renewed;
    for (let attempt = 1; ; attempt += 1)
      try {
        const isWritten = await this.#entry.write(next as unknown as JsonObject, { expected: found.version });
        // Someone has logged in anew, or logged out: that counts.
        if (!isWritten) return await this.#read();
        break;
      } catch (error) {
        logger.error({ server: target.name, error: messageOf(error) }, 'renewed tokens could not be stored');
        // The old ones are worth nothing any more. This process goes on with the new ones.
        if (attempt === WRITES) break;
        await sleep(LEASE_POLL_MS);
      }
    this.#readAt = performance.now();
    this.#set(next);
  }

  #set(kept: KeptLogin | undefined): void {
    this.#kept = kept;
    this.#report();
    this.#schedule();
  }

  #report(): void {
    const status = statusOf(this.#kept, Date.now());
    const { state, ends, problem } = status;
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    const { target, subject, advice, logger, onChanged } = this.#options;
    const of = `the log-in at the server "${target.name}"`;
    const fields = {
      server: target.name,
      ...(subject === null ? {} : { subject }),
      ...(problem === undefined ? {} : { problem }),
    };
    // A user is asked by the next call; an operator has only the log.
    const level = subject === null ? 'warn' : 'info';
    if (state === 'ending') {
      const why = problem === undefined ? '' : 'cannot be renewed and ';
      const when = ends === undefined ? 'may end at any time' : `ends at ${new Date(ends).toISOString()}`;
      logger[level](fields, `${of} ${why}${when}: ${advice}`);
    } else if (state === 'needed' && before !== undefined) logger[level](fields, `${of} has ended: ${advice}`);
    onChanged?.();
  }

  /** Waits until something is to be done: renewing, or reporting. */
  #schedule(failed = false): void {
    clearTimeout(this.#timer);
    const kept = this.#kept;
    if (this.#closed || kept === undefined) return;
    const now = Date.now();
    const renewal = renewalDue(kept);
    const times = [renewal, warningDue(kept), kept.expires].filter(
      (time) => time !== undefined && (time > now || time === renewal),
    );
    const next = failed ? now + RETRY_MS : Math.min(...(times as number[]), now + LONGEST_MS);
    this.#timer = setTimeout(() => void this.#tick(), Math.max(0, next - now));
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    const kept = this.#kept;
    const due = kept === undefined ? undefined : renewalDue(kept);
    if (kept === undefined || due === undefined || Date.now() < due) {
      this.#report();
      return this.#schedule();
    }
    try {
      await this.#renew(kept.tokens.access_token);
    } catch (error) {
      const { target, logger } = this.#options;
      logger.warn({ server: target.name, error: messageOf(error) }, 'tokens could not be renewed: it is tried again');
      this.#schedule(true);
    }
  }
}
