/** A call of a mounted server at which each user logs in: with the tokens of its caller, or an answer that says where to log in. */
import { randomUUID } from 'node:crypto';

import type { ContextSource, InputRequest, JsonObject, LinkBinding, PassedAnswer } from '@mcp-daemon/core';
import { inputRequired, supports } from '@mcp-daemon/core';

import { NeedsLogin, Unsent } from '../base/unsent.js';
import type { Live, Upstream } from '../upstream.js';
import type { Users } from '../users.js';
import type { RunEnd } from './mounted-call.js';

/** The name of the question for a log-in. */
export const LOGIN = 'io.mcp-daemon/login';

/** The number of `URLElicitationRequiredError` (2025-11-25). */
const URL_ELICITATION_REQUIRED = -32042;
const INTERNAL_ERROR = -32603;
/** Milliseconds for which a call waits for a user who has opened the page, before it asks again. */
const WAIT_MS = 20_000;

/** A failure that a model or a person can read. */
function failure(link: LinkBinding, text: string): PassedAnswer {
  if ((link.use?.kind ?? 'tool') !== 'tool') return { error: { code: INTERNAL_ERROR, message: text } };
  return { result: { content: [{ type: 'text', text }], isError: true } };
}

/** Asks the caller to log in, in the way that its client has. */
async function askToLogIn(upstream: Upstream, users: Users, source: ContextSource, link: LinkBinding): Promise<RunEnd> {
  const { name } = upstream.mount;
  const { caller, exchange } = source.request;
  const url = await users.pageOf(upstream, exchange.subject);
  const message = `To use "${name}", log in there with your own account.`;
  const hasUrl = caller.capabilities.elicitation?.url !== undefined;
  if (hasUrl && caller.era === 'modern') {
    const question: InputRequest = { method: 'elicitation/create', params: { mode: 'url', message, url } };
    return inputRequired({ [LOGIN]: question });
  }
  if (hasUrl && supports(caller.version, 'elicitationMode')) {
    const elicitations = [{ mode: 'url', elicitationId: randomUUID(), url, message }];
    return { error: { code: URL_ELICITATION_REQUIRED, message: `The server "${name}" needs a log-in.`, data: { elicitations } } };
  }
  return failure(link, `${message} Open this link in a browser, then call again: ${url}`);
}

/**
 * Makes a call on the connection of its caller.
 *
 * @param run makes the call on a connection
 * @throws Error if the server cannot be reached, or ends before it answers
 */
export async function callAsUser(
  upstream: Upstream,
  users: Users,
  source: ContextSource,
  link: LinkBinding,
  run: (live: Live) => Promise<RunEnd>,
): Promise<RunEnd> {
  const { subject } = source.request.exchange;
  const answer = source.inputs[LOGIN] as JsonObject | undefined;
  if (answer !== undefined) {
    const { name, timeout_ms: limit = Infinity } = upstream.mount;
    if (answer['action'] !== 'accept') return failure(link, `The log-in at "${name}" was declined, so it cannot be called.`);
    // The user has the page open, and may not be done.
    await users.waitForLogin(upstream, subject, Math.min(WAIT_MS, limit / 2), source.signal());
  }
  try {
    const live = await users.live(upstream, subject);
    try {
      return await run(live);
    } catch (error) {
      if (!(error instanceof Unsent)) throw error;
      users.forget(upstream, subject);
      // The session had ended. The server did nothing, so the call may be made in a new one.
      return await run(await users.live(upstream, subject));
    }
  } catch (error) {
    if (!(error instanceof NeedsLogin) || !users.hasPages) throw error;
    users.forget(upstream, subject);
    return askToLogIn(upstream, users, source, link);
  }
}
