/**
 * Logs users in at servers with their own accounts:
 *
 *     a call without a log-in -> a ticket in a URL of ours -> its page: who are you? -> the other server's log-in -> our callback -> tokens
 *
 * A ticket says whose log-in it is, and proves nothing: whoever opens its page has to prove that they are that user. So a link that
 * one user sends to another one cannot bind the other one's account to the sender. The browser that comes back must be the one that
 * was sent away.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { JsonObject, Seal } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';
import type { StoredOAuthClientInformation } from '@modelcontextprotocol/client';

import type { LoginStore, LoginTarget } from './kept-login.js';
import { loginEntry } from './kept-login.js';
import type { BegunLogin, LoginClient } from './login-attempt.js';
import { beginLogin, clientMetadataOf, finishLogin } from './login-attempt.js';
import { SealedEntry, tokenSeal } from './sealed.js';

/** What {@link UserLogins} takes. */
export interface UserLoginsOptions {
  store: LoginStore;
  /** The public URL of this server, without a slash at its end; undefined: it is not known. */
  base: () => string | undefined;
  /** The server of this name, if its users log in; undefined: there is none. */
  target: (name: string) => Promise<LoginTarget | undefined>;
  /** Called when a user has logged in. */
  loggedIn: (server: string, subject: string) => void;
}

/** Whose log-in a ticket is for, and where. */
export interface LoginTicket {
  readonly server: string;
  /** The host of the other server. */
  readonly host: string;
  readonly partition: string;
  readonly subject: string;
}

/** A log-in that was begun. */
export interface BegunUserLogin {
  /** Where the browser is sent. */
  readonly url: string;
  /** Comes back with the browser. */
  readonly state: string;
  /** Proves that it is the same browser: for a cookie. */
  readonly browser: string;
}

/** Where the pages are, below the public URL. */
export const LOGIN_PAGES = { login: '/mounts/login', callback: '/mounts/callback', client: '/mounts/client.json' } as const;

const TICKET_MS = 15 * 60_000;
const PENDING_MS = 15 * 60_000;
/** Authorization servers forget registrations that are not used. A new one is made after a day. */
const REGISTERED_MS = 24 * 60 * 60_000;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const nonce = (): string => randomBytes(32).toString('base64url');

/** The log-ins of users. */
export class UserLogins {
  readonly #options: UserLoginsOptions;

  constructor(options: UserLoginsOptions) {
    this.#options = options;
  }

  #client(): LoginClient {
    const base = this.#options.base();
    if (base === undefined)
      throw new Error('users can log in only if PUBLIC_URL is set: it is not known how browsers reach this server');
    const metadataUrl = base.startsWith('https:') ? base + LOGIN_PAGES.client : undefined;
    return { redirectUrl: base + LOGIN_PAGES.callback, metadataUrl };
  }

  #seal(): Seal {
    return tokenSeal(this.#options.store.secret, 'log-in tickets');
  }

  /**
   * The page on which a user logs in.
   *
   * @throws Error if the public URL is not known; DaemonError `usage` without a secret
   */
  pageOf(server: string, subject: string): string {
    this.#client();
    const ticket = { server, subject, ends: Date.now() + TICKET_MS };
    const sealed = this.#seal().seal(JSON.stringify(ticket), this.#options.store.partition);
    return `${this.#options.base()}${LOGIN_PAGES.login}?ticket=${sealed}`;
  }

  /** Reads a ticket. @returns undefined: it is not ours, has expired, or its server is not mounted any more */
  async open(ticket: string): Promise<LoginTicket | undefined> {
    const { store, target } = this.#options;
    const text = this.#seal().open(ticket, store.partition);
    if (text === undefined) return undefined;
    const { server, subject, ends } = JSON.parse(text) as { server: string; subject: string; ends: number };
    const found = Date.now() > ends ? undefined : await target(server);
    return found === undefined ? undefined : { server, subject, host: found.url.host, partition: store.partition };
  }

  /** The registration of this server at another one's authorization server. */
  #registration({ name, url }: LoginTarget): SealedEntry {
    const { store } = this.#options;
    return new SealedEntry({ ...store, secret: store.secret, key: `token/${name}/client`, bound: [url.href] });
  }

  async #registered(target: LoginTarget, { redirectUrl }: LoginClient): Promise<StoredOAuthClientInformation | undefined> {
    const kept = (await this.#registration(target).read())?.value;
    const { client, since, redirect } = kept ?? {};
    const isFresh = redirect === redirectUrl && typeof since === 'number' && Date.now() - since < REGISTERED_MS;
    return isFresh && isObject(client) ? (client as unknown as StoredOAuthClientInformation) : undefined;
  }

  #pending(state: string): SealedEntry {
    return new SealedEntry({
      ...this.#options.store,
      secret: this.#options.store.secret,
      key: `token-login/${digestOf(state).toString('hex')}`,
    });
  }

  /**
   * Begins a log-in. The caller has checked that it is the ticket's user who asks.
   *
   * @throws Error that says why it cannot be begun
   */
  async begin(ticket: string): Promise<BegunUserLogin> {
    const opened = await this.open(ticket);
    const target = opened === undefined ? undefined : await this.#options.target(opened.server);
    if (opened === undefined || target === undefined) throw new Error('the link has expired');
    const client = this.#client();
    const [state, browser] = [nonce(), nonce()];
    const own = await target.client?.();
    const known = own === undefined ? await this.#registered(target, client) : undefined;
    const begun = await beginLogin(target.url, { ...client, own }, state, known);
    if (own === undefined && begun.client.client_id !== known?.client_id) {
      const registration = { client: begun.client, redirect: client.redirectUrl, since: Date.now() };
      await this.#registration(target).write(registration as unknown as JsonObject);
    }
    const { url, ...rest } = begun;
    const { server, subject } = opened;
    const pending = { ...rest, server, subject, at: target.url.href, browser: digestOf(browser).toString('base64url') };
    await this.#pending(state).write(pending as unknown as JsonObject, { expected: null, expires_at: Date.now() + PENDING_MS });
    return { url: url.href, state, browser };
  }

  /**
   * Ends a log-in with the parameters of the callback, once.
   *
   * @param browserOf what the browser has for a state; undefined: nothing
   * @throws Error that says why it failed
   */
  async finish(answer: URLSearchParams, browserOf: (state: string) => string | undefined): Promise<LoginTicket> {
    const state = answer.get('state') ?? '';
    const entry = this.#pending(state);
    const found = state === '' ? undefined : await entry.read();
    if (found === undefined) throw new Error('this log-in is not known: it has expired, or was finished already');
    const pending = found.value as unknown as Omit<BegunLogin, 'url'> & Record<'server' | 'subject' | 'at' | 'browser', string>;
    const browser = digestOf(browserOf(state) ?? '');
    // Before it is used up: another browser must not end the log-in of this one.
    if (!timingSafeEqual(browser, Buffer.from(pending.browser, 'base64url')))
      throw new Error('this log-in was begun in another browser: open the link of your client in this one');
    if (!(await entry.remove(found.version))) throw new Error('this log-in was finished already');
    const { server, subject } = pending;
    const target = await this.#options.target(server);
    if (target?.url.href !== pending.at) throw new Error('the server is not mounted any more');
    const { store } = this.#options;
    const client = { ...this.#client(), own: await target.client?.() };
    const kept = await finishLogin(target.url, client, pending, answer, subject);
    await loginEntry(target, store, subject).write(kept as unknown as JsonObject);
    this.#options.loggedIn(server, subject);
    return { server, subject, host: target.url.host, partition: store.partition };
  }

  /** What we say of ourselves to authorization servers that read it; undefined: we have no https URL. */
  clientDocument(): JsonObject | undefined {
    const base = this.#options.base();
    if (base === undefined) return undefined;
    const { metadataUrl, redirectUrl } = this.#client();
    if (metadataUrl === undefined) return undefined;
    return { client_id: metadataUrl, ...clientMetadataOf({ redirectUrl }), client_uri: base };
  }
}
