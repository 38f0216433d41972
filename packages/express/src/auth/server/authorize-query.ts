/** The query of `/oauth/authorize`, reduced to what is served here. */
import { scopesIn } from '@mcp-daemon/core';

import { MCP_SCOPE } from './metadata.js';

/** The parameters that are passed on. Others, such as those of OpenID, are ignored instead of refused. */
const KNOWN = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'login_hint',
];
const PROMPTS: ReadonlySet<string> = new Set(['none', 'login', 'consent']);

/** The scopes of a request that exist, or all where it names none; the one that every client gets is always among them. */
function scopesOfRequest(requested: string, supported: readonly string[]): string[] {
  const wanted = scopesIn(requested).filter((scope) => supported.includes(scope));
  return [...new Set([MCP_SCOPE, ...(requested === '' ? supported : wanted)])];
}

/**
 * Reduces the query. A parameter that occurs twice stays so, and the library refuses it.
 *
 * @param query without the question mark
 * @param supported the scopes that the functions of the resource need
 */
export function authorizeQuery(query: string, supported: readonly string[]): URLSearchParams {
  const given = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of KNOWN) for (const value of given.getAll(name)) kept.append(name, value);
  const prompts = (given.get('prompt') ?? '').split(' ').filter((prompt) => PROMPTS.has(prompt));
  if (prompts.length > 0) kept.set('prompt', prompts.join(' '));
  kept.set('scope', scopesOfRequest(given.getAll('scope').join(' '), supported).join(' '));
  return kept;
}
