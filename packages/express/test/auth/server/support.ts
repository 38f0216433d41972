/** Helpers for the tests of the authorization server: a server, a browser without scripts, and a client that does every step by hand. */
import { createHash, randomBytes } from 'node:crypto';

import type { Daemon, DaemonOptions } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import type { LocalAuth, LocalAuthOptions } from '@mcp-daemon/express/local';

import { atEnd, echo, JSON_HEADERS, META } from '../../support.js';
import { localAuth, PASSWORD, usersFile } from '../support.js';

/** A server with an authorization server. */
export interface Served {
  readonly base: string;
  readonly port: number;
  readonly auth: LocalAuth;
  readonly daemon: Daemon;
  /** What was logged as an error. */
  readonly errors: unknown[];
  /** Why requests of clients were refused, as it was logged. */
  readonly refusals: Record<string, unknown>[];
}

/** Serves until the end of the test. @param more options; `daemon` shares the state of another server */
export async function serveOAuth(
  more: Partial<LocalAuthOptions> & { daemon?: Daemon; http?: HttpOptions; store?: Partial<DaemonOptions> } = {},
): Promise<Served> {
  const { daemon: given, http, store, ...options } = more;
  const daemon = given ?? createDaemon({ catalog: defineCatalog({ functions: [echo] }), ...store });
  if (given === undefined) atEnd(() => daemon.close({ drainMs: 10 }));
  const errors: unknown[] = [];
  const refusals: Record<string, unknown>[] = [];
  const logger = {
    info: (fields: Record<string, unknown>, message: string) =>
      void (message === 'an OAuth request was refused' && refusals.push(fields)),
    error: (...what: unknown[]) => void errors.push(what),
  };
  const userFile = options.userFile ?? (await usersFile());
  const auth = await localAuth({ oauth: { state: () => daemon.state() }, logger, ...options, userFile });
  const server = await serveHttp(daemon, { auth, port: 0, logger, rateLimit: 0, ...http });
  atEnd(() => server.close({ drainMs: 10 }));
  return { base: server.url, port: server.port, auth, daemon, errors, refusals };
}

/** An answer. */
export interface Shown {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

const shown = async (answer: Response): Promise<Shown> => {
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    get json() {
      return JSON.parse(text) as Record<string, unknown>;
    },
  };
};

/** Sends a request, and follows no redirect. */
export const ask = async (url: string, init: RequestInit = {}): Promise<Shown> =>
  shown(await fetch(url, { redirect: 'manual', ...init }));

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Sends a form. */
export const post = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Shown> =>
  ask(url, { method: 'POST', headers: { ...FORM, ...headers }, body: new URLSearchParams(fields).toString() });

/** A browser: it has cookies, and goes where it is sent. */
export class Browser {
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>();
  /** Every `Set-Cookie` that it was sent. */
  readonly set: string[] = [];

  /** Requests one page. */
  async go(url: string, fields?: Record<string, string>, headers: Record<string, string> = {}): Promise<Shown> {
    const { pathname } = new URL(url);
    const mine = [...this.#cookies.values()].filter(
      ({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')),
    );
    const cookie = mine.map(({ name, value }) => `${name}=${value}`).join('; ');
    const all = { ...(cookie === '' ? {} : { cookie }), ...headers };
    const answer = await (fields === undefined ? ask(url, { headers: all }) : post(url, fields, all));
    for (const line of answer.headers.getSetCookie()) {
      this.set.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const path = /path=([^;]+)/.exec(line)?.[1] ?? '/';
      if (value === '') this.#cookies.delete(name + path);
      else this.#cookies.set(name + path, { name, value, path });
    }
    return answer;
  }

  /** Requests a page, and follows redirects within the server. @returns the last answer, and its URL */
  async follow(url: string, fields?: Record<string, string>): Promise<{ url: string; page: Shown }> {
    let [at, page] = [url, await this.go(url, fields)];
    for (let left = 10; left > 0 && [302, 303].includes(page.status); left -= 1) {
      const next = new URL(page.headers.get('location') ?? '', at).href;
      if (!next.startsWith(new URL(url).origin)) return { url: next, page };
      [at, page] = [next, await this.go(next)];
    }
    return { url: at, page };
  }
}

export const REDIRECT = 'http://127.0.0.1:5555/callback';

/** Registers a client. */
export const register = (base: string, more: Record<string, unknown> = {}): Promise<Shown> =>
  ask(`${base}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Tester', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', ...more }),
  });

/** One log-in of a client, step by step. */
export interface Attempt {
  readonly base: string;
  readonly clientId: string;
  readonly verifier: string;
  readonly url: string;
}

/** Begins a log-in. @param more parameters that replace the usual ones; undefined leaves one out */
export function attempt(base: string, clientId: string, more: Record<string, string | undefined> = {}): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const query: Record<string, string | undefined> = {
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    state: 'the state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${base}/mcp`,
    ...more,
  };
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { base, clientId, verifier, url: `${base}/oauth/authorize?${new URLSearchParams(given).toString()}` };
}

/** Logs in and allows the client. @returns the URL that the browser is sent to in the end */
export async function allow(
  { url }: Attempt,
  { username = 'ann', password = PASSWORD, browser = new Browser() } = {},
): Promise<{ url: string; page: Shown }> {
  let at = await browser.follow(url);
  if (at.page.text.includes('name="password"')) at = await browser.follow(at.url, { username, password });
  return browser.follow(at.url, { answer: 'allow' });
}

export const codeIn = (url: string): string => new URL(url).searchParams.get('code') ?? `none: ${url}`;

/** Exchanges a code. */
export const exchange = (
  { base, clientId, verifier }: Attempt,
  code: string,
  more: Record<string, string> = {},
): Promise<Shown> =>
  post(`${base}/oauth/token`, {
    grant_type: 'authorization_code',
    ...{ code, code_verifier: verifier, client_id: clientId, redirect_uri: REDIRECT, resource: `${base}/mcp` },
    ...more,
  });

/** The tokens of a client. */
export interface Tokens {
  readonly clientId: string;
  readonly access: string;
  readonly refresh: string;
}

/** Does every step. @param more as for {@link attempt} */
export async function logIn(
  base: string,
  { username = 'ann', clientId, ...more }: Record<string, string | undefined> = {},
): Promise<Tokens> {
  const id = clientId ?? String((await register(base)).json['client_id']);
  const begun = attempt(base, id, more);
  const answer = await exchange(
    begun,
    codeIn((await allow(begun, { username })).url),
    more['resource'] === undefined ? {} : { resource: more['resource'] },
  );
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`);
  return { clientId: id, access: String(answer.json['access_token']), refresh: String(answer.json['refresh_token']) };
}

export const refresh = (base: string, { clientId, refresh: token }: Tokens, more: Record<string, string> = {}): Promise<Shown> =>
  post(`${base}/oauth/token`, { grant_type: 'refresh_token', refresh_token: token, client_id: clientId, ...more });

/** Lists the tools with a token. */
export const listTools = (base: string, token: string, path = '/mcp'): Promise<Shown> =>
  ask(base + path, {
    method: 'POST',
    headers: {
      ...JSON_HEADERS,
      ...{ authorization: `Bearer ${token}`, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } }),
  });

export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
