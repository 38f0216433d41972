/** When a log-in ends, and whether that is soon. All times are milliseconds since 1970. */
import type { LoginStatus } from '@mcp-daemon/core';

import type { KeptLogin } from './kept-login.js';

const DAY_MS = 24 * 60 * 60_000;
/** So long before its end a log-in is reported, if it lasts longer than five times that. */
const SOON_MS = 3 * DAY_MS;
/** Tokens are renewed at most so long before they expire. */
const RENEW_MS = 5 * 60_000;
/** The part of a time that is its end. */
const LAST_PART = 0.2;
/** A token is not used any more so long before it expires: it has to arrive. */
const ARRIVAL_MS = 5_000;

/** Whether the access token is good enough for a request. */
export const isUsable = ({ since, expires }: KeptLogin, now: number): boolean =>
  expires === undefined || now < expires - Math.min(ARRIVAL_MS, (expires - since) / 10);

/** When the access token is to be renewed; undefined: it cannot be renewed, or does not expire. */
export function renewalDue({ tokens, since, expires, problem }: KeptLogin): number | undefined {
  if (tokens.refresh_token === undefined || expires === undefined || problem !== undefined) return undefined;
  return expires - Math.min(RENEW_MS, (expires - since) * LAST_PART);
}

/** When a new log-in is needed; undefined: that is not known. */
export function endOf({ tokens, expires, refreshExpires, problem }: KeptLogin): number | undefined {
  return tokens.refresh_token === undefined || problem !== undefined ? expires : refreshExpires;
}

/** When its end is to be reported; undefined: no end is known. */
export function warningDue(kept: KeptLogin): number | undefined {
  const end = endOf(kept);
  if (end === undefined) return undefined;
  if (kept.problem !== undefined) return kept.since;
  return end - (kept.endsForGood === true ? SOON_MS : Math.min(SOON_MS, (end - kept.since) * LAST_PART));
}

/** How a log-in is. @param kept undefined: there is none */
export function statusOf(kept: KeptLogin | undefined, now: number): LoginStatus {
  if (kept === undefined) return { state: 'needed' };
  const { problem } = kept;
  const end = endOf(kept);
  const more = { ...(end === undefined ? {} : { ends: end }), ...(problem === undefined ? {} : { problem }) };
  // Tokens without a known end that cannot be renewed may work: the server says when they do not.
  if (end !== undefined && now >= end) return { state: 'needed', ...more };
  const warning = warningDue(kept);
  return { state: problem !== undefined || (warning !== undefined && now >= warning) ? 'ending' : 'ok', ...more };
}
