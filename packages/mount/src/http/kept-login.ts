/** A log-in at a mounted server, as it is kept. */
import { createHash } from 'node:crypto';

import type { JsonObject, StateStore } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';
import type { OAuthDiscoveryState, StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';

import { SealedEntry } from './sealed.js';

/** A log-in. All times are milliseconds since 1970. */
export interface KeptLogin {
  readonly tokens: StoredOAuthTokens;
  /** The client that the tokens belong to. */
  readonly client: StoredOAuthClientInformation;
  /** The authorization server that gave them. They are sent to no other. */
  readonly discovery: OAuthDiscoveryState;
  /** Whose log-in it is; null: an operator's, for all callers. */
  readonly subject: string | null;
  /** When the tokens were given. */
  readonly since: number;
  /** When the access token ends. Absent: the server did not say. */
  readonly expires?: number;
  /** When the refresh token ends. Absent: the server did not say. */
  readonly refreshExpires?: number;
  /** Whether the end of the refresh token did not move when the tokens were renewed: then a new log-in is needed at that time. */
  readonly endsForGood?: boolean;
  /** Why the tokens cannot be renewed any more. Absent: they can, as far as is known. */
  readonly problem?: string;
}

/** What keeps log-ins. */
export interface LoginStore {
  readonly state: () => Promise<StateStore>;
  readonly partition: string;
  /** Seals them. Without it, none are kept. */
  readonly secret?: string | undefined;
}

/** A server that is logged in at. */
export interface LoginTarget {
  /** Its name in the config. */
  readonly name: string;
  readonly url: URL;
  /** The client of the config that logs in there, with its secret as it is now. Absent: this server registers itself. */
  readonly client?: (() => Promise<StoredOAuthClientInformation>) | undefined;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The entry of a log-in. @param subject whose; null: an operator's, for all callers */
export const loginEntry = (
  { name, url }: LoginTarget,
  { state, partition, secret }: LoginStore,
  subject: string | null,
): SealedEntry =>
  new SealedEntry({
    ...{ state, partition, secret },
    // The name of a user may be long and is not for everyone who can read the store.
    key: subject === null ? `token/${name}/service` : `token/${name}/user/${digestOf(subject)}`,
    // Tokens for one address are never sent to another one that the config has under the same name.
    bound: [url.href],
  });

/** A log-in of an entry; undefined: it is no log-in of this version. */
export function keptLogin(value: JsonObject): KeptLogin | undefined {
  const { tokens, client, discovery } = value;
  const isWhole = isObject(tokens) && typeof tokens['access_token'] === 'string' && isObject(client) && isObject(discovery);
  return isWhole ? (value as unknown as KeptLogin) : undefined;
}

const secondsOf = (value: unknown): number | undefined => {
  const seconds = typeof value === 'string' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
};

/**
 * The times of new tokens.
 *
 * @param answer the answer of the token endpoint. Servers have several names for the end of a refresh token; 0 means that it has none
 */
export function timesOf(answer: JsonObject): Pick<KeptLogin, 'since' | 'expires' | 'refreshExpires'> {
  const since = Date.now();
  const expiresIn = secondsOf(answer['expires_in']);
  const refreshIn = secondsOf(answer['refresh_token_expires_in'] ?? answer['refresh_expires_in']);
  return {
    since,
    ...(expiresIn === undefined ? {} : { expires: since + expiresIn * 1_000 }),
    ...(refreshIn === undefined ? {} : { refreshExpires: since + refreshIn * 1_000 }),
  };
}

/** Milliseconds that an authorization server may take to answer. */
const PATIENCE_MS = 15_000;

/**
 * A `fetch` with a time limit, which keeps the answer to the last request for tokens: the official client drops members that it does not
 * know.
 */
export function watchingFetch(): { fetchFn: typeof fetch; answer(): JsonObject } {
  let answer: JsonObject = {};
  return {
    async fetchFn(input, init) {
      const response = await fetch(input, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (response.ok && init?.method === 'POST') {
        const body: unknown = await response
          .clone()
          .json()
          .catch(() => undefined); // the client reports what is no JSON
        if (isObject(body)) answer = body;
      }
      return response;
    },
    answer: () => answer,
  };
}
