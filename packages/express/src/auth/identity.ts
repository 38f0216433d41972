/** Callers, their roles, and what these allow. */
import type { HeldScopes } from '@mcp-daemon/core';

import type { Revocable } from '../wire/caller.js';

/**
 * The roles of users: an `admin` may do everything in every partition, a `user` everything that MCP offers in the partitions that
 * are granted to them, a `viewer` the same except calling tools.
 */
export const ROLES = ['admin', 'user', 'viewer'] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** A caller whose token has been verified, in a partition that is granted to them. */
export interface AuthIdentity extends Revocable {
  readonly partition: string;
  readonly subject: string;
  /** As in the token; a role that is not one of {@link ROLES} allows nothing. */
  readonly roles: readonly string[];
  /** The scopes of the token. Absent: all. */
  readonly scopes?: HeldScopes;
  /** The OAuth client that acts for the caller. Absent: the token is not from OAuth. */
  readonly clientId?: string;
}

/** The methods of a viewer. It lists what is allowed, so that a method added to MCP later is forbidden until somebody adds it here. */
const READING: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'resources/directory/read',
  'skills/list',
  'skills/get',
  'tasks/get',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

/** Whether the roles of an identity allow an MCP method. Viewers may send all notifications. */
export function mayCall({ roles }: Pick<AuthIdentity, 'roles'>, method: string): boolean {
  if (roles.includes('admin') || roles.includes('user')) return true;
  return roles.includes('viewer') && (READING.has(method) || method.startsWith('notifications/'));
}

/** Whether any of these roles is one of {@link ROLES}. */
export const hasRole = (roles: readonly string[]): boolean => ROLES.some((role) => roles.includes(role));

/** The roles and partitions that are granted to a user. */
export interface Grants {
  readonly roles: readonly string[];
  /** `partition` or `partition#part`; the grant of a partition does not include its parts. */
  readonly partitions: readonly string[];
}

/** Whether a partition is granted. An admin has access to all of them. */
export const hasAccess = ({ roles, partitions }: Grants, partition: string): boolean =>
  roles.includes('admin') || partitions.includes(partition);

/** The longest username, in characters: an e-mail address fits. */
export const MAX_NAME = 256;

/** What is wrong with a username; undefined: nothing. */
export const nameProblem = (name: unknown): string | undefined =>
  typeof name === 'string' && name !== '' && name.length <= MAX_NAME && !/\p{Cc}/u.test(name)
    ? undefined
    : `must be a string of 1 to ${MAX_NAME} characters without control characters`;
