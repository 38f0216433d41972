/** Sessions as administrators see them. */
import { createHash } from 'node:crypto';

import type { Implementation } from '@mcp-daemon/core';

import type { Caller } from './caller.js';

/** An open session. */
export interface OpenSession {
  /** Names the session for administrators. It is made of the session's id, which is a secret, and does not reveal it. */
  readonly id: string;
  /** The user. */
  readonly subject: string;
  /** The client program, as it names itself: `name/version`. Null: it has not said. */
  readonly client: string | null;
  readonly transport: 'streamable-http' | 'http+sse';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. */
  readonly lastUsedAt: number;
}

/** Lists the open sessions of a partition. */
export type ListSessions = (partition: string) => readonly OpenSession[];

/** What a transport knows of one of its sessions. */
export interface SessionFacts {
  readonly id: string;
  readonly caller: Caller;
  readonly client: Implementation | undefined;
  /** When it began and when it was last used, in milliseconds of `performance.now()`. */
  readonly began: number;
  readonly lastUsed: number;
}

const NAME_CHARACTERS = 12;
const MAX_CLIENT = 100;

/** Describes a session for administrators. */
export function openSession(
  { id, caller, client, began, lastUsed }: SessionFacts,
  transport: OpenSession['transport'],
): OpenSession {
  const ago = performance.now();
  const now = Date.now();
  return {
    id: createHash('sha256').update(id).digest('hex').slice(0, NAME_CHARACTERS),
    subject: caller.subject,
    client: client === undefined ? null : `${client.name}/${client.version}`.slice(0, MAX_CLIENT),
    transport,
    createdAt: Math.round(now - (ago - began)),
    lastUsedAt: Math.round(now - (ago - lastUsed)),
  };
}
