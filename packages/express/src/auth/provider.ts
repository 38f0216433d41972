/** What every way of finding out who calls has in common. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';
import type { AuthIdentity } from './identity.js';

/** Knows who calls. None of its functions needs `this`. */
export interface AuthProvider {
  /** True where it asks for no proof: a server that uses it has to listen on loopback. */
  readonly loopbackOnly?: boolean;
  /** Who calls, in which partition; or why the request is refused. Asked at every request. */
  readonly authenticate: (req: IncomingMessage) => Awaitable<AuthIdentity | Refusal>;
  /**
   * Serves the paths of its own, such as `/auth/login`, `/me` and the metadata of RFC 9728.
   *
   * @returns false where the path is none of these: nothing has been done then
   */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;
}
