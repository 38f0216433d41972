/** Who calls, what they are, and what that lets them do. */
import type { SessionIdentity } from '@mcp-daemon/core';

/** What a user can be: `admin` everything everywhere, `user` what their partitions offer, `viewer` that without calling tools. */
export const ROLES = ['admin', 'user', 'viewer'] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** A caller whose token has been verified, in a partition that is granted to them. */
export interface AuthIdentity extends Readonly<Required<SessionIdentity>> {
  /** As the token says; a role that is not one of {@link ROLES} lets nobody do anything. */
  readonly roles: readonly string[];
}

/** What a viewer may ask for. It is a list of what is allowed, so that a method of tomorrow is not allowed by oversight. */
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
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

/** Whether an identity's roles allow a method of MCP. Notifications are allowed to whoever may read. */
export function mayCall({ roles }: Pick<AuthIdentity, 'roles'>, method: string): boolean {
  if (roles.includes('admin') || roles.includes('user')) return true;
  return roles.includes('viewer') && (READING.has(method) || method.startsWith('notifications/'));
}

/** Whether any of these is a role that means something here. */
export const hasRole = (roles: readonly string[]): boolean => ROLES.some((role) => roles.includes(role));

/** What somebody may reach. */
export interface Grants {
  readonly roles: readonly string[];
  /** `partition` or `partition#part`, each granted by itself. */
  readonly partitions: readonly string[];
}

/** Whether a partition is granted. An admin has them all. */
export const reaches = ({ roles, partitions }: Grants, partition: string): boolean =>
  roles.includes('admin') || partitions.includes(partition);

/** Long enough for an address of e-mail. */
export const MAX_NAME = 256;

/** Why a text cannot be a username; undefined: it can. */
export const nameProblem = (name: unknown): string | undefined =>
  typeof name === 'string' && name !== '' && name.length <= MAX_NAME && !/\p{Cc}/u.test(name)
    ? undefined
    : `must be a string of 1 to ${MAX_NAME} characters without control characters`;
