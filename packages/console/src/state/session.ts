/** The user's session: the token, who they are, and what their roles allow. */
import { computed, signal } from '@preact/signals';

import type { Failure } from '../api/failure.js';
import { failureOf } from '../api/failure.js';
import type { Me } from '../api/login.js';
import { logIn, whoAmI } from '../api/login.js';
import type { Access } from '../api/request.js';
import { DEFAULT_PARTITION } from '../base/partition.js';
import { go, hrefOf, namesPartition, partition } from './route.js';

/**
 * `starting`: the server is asked who the user is; `out`: the user has to log in; `in`: the console can be used; `expired`: the user has
 * to log in again, and the page behind the form stays as it is; `unreachable`: the server does not answer.
 */
export type SessionState = 'starting' | 'out' | 'in' | 'expired' | 'unreachable';

/** The token lives as long as the tab. Other tabs and later visits do not have it. */
const KEY = 'mcp-daemon-token';

/** Why the server could not be asked who the user is. */
export const startProblem = signal<Failure | undefined>(undefined);
/** See {@link SessionState}. */
export const sessionState = signal<SessionState>('starting');
/** The user; undefined where the server does not say. */
export const me = signal<Me | undefined>(undefined);
/** Counts logins: what failed for want of a valid token is tried again when it changes. */
export const logins = signal(0);
/** Counts connections to a server that did not answer before: what failed meanwhile is tried again when it changes. */
export const returns = signal(0);

const token = signal<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);

/** On whose behalf requests are made, about the partition of now. */
export const access = computed((): Access => ({ partition: partition.value, token: token.value }));
/** Whether there is a token at all. Without one, the server lets everybody on its machine in. */
export const hasToken = computed(() => token.value !== undefined);

const hasRole = (...roles: readonly string[]): boolean => {
  const user = me.value;
  return user === undefined || roles.some((role) => user.roles.includes(role)); // unknown roles: the server decides
};

/** Whether the user may change catalogs, and see the calls of others. */
export const isAdmin = computed(() => hasRole('admin'));
/** Whether the user may use the partition of now. Where the server does not say who the user is, it decides. */
export const isGranted = computed(() => me.value === undefined || isAdmin.value || me.value.partitions.includes(partition.value));
/** Whether the user may call tools. */
export const mayCall = computed(() => hasRole('admin', 'user'));
/** The user's roles as one text, for messages. */
export const rolesText = computed(() => me.value?.roles.join(', ') ?? 'unknown');

/** The partition of an address that names none: `default`, or else the first that is granted to the user. */
function choosePartition(user: Me | undefined): void {
  const [first] = user?.partitions ?? [];
  if (first === undefined || namesPartition(location.hash) || user?.roles.includes('admin') === true) return;
  if (user?.partitions.includes(DEFAULT_PARTITION) !== true) go(hrefOf(first, []), { replace: true });
}

function keep(given: string | undefined): void {
  token.value = given;
  if (given === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, given);
}

/** Asks the server who the user is. @throws Failure */
async function begin(given: string | undefined): Promise<void> {
  const user = await whoAmI(given);
  keep(given);
  choosePartition(user);
  me.value = user;
  logins.value += 1;
  startProblem.value = undefined;
  sessionState.value = 'in';
}

/** Starts the session with the token of this tab, or without one where the server asks for none. */
export async function start(): Promise<void> {
  // Asking without a token would only be refused, which browsers log as an error.
  if (token.value === undefined && document.body.dataset['security'] !== 'none') {
    sessionState.value = 'out';
    return;
  }
  sessionState.value = 'starting';
  try {
    await begin(token.value);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'login') {
      keep(undefined);
      sessionState.value = 'out';
    } else {
      startProblem.value = failure;
      sessionState.value = 'unreachable';
    }
  }
}

/** Logs in with a password. @throws Failure */
export async function logInWith(username: string, password: string): Promise<void> {
  await begin(await logIn(username, password));
}

/** Logs in with a token that the user has from elsewhere. @throws Failure */
export async function logInWithToken(given: string): Promise<void> {
  await begin(given.trim().replace(/^Bearer\s+/i, ''));
}

/** Forgets the token. */
export function logOut(): void {
  keep(undefined);
  me.value = undefined;
  sessionState.value = 'out';
}

/** Notes that the server has refused the token, so that the user is asked to log in again. */
export function noteFailure(failure: Failure): void {
  if (failure.kind === 'login' && sessionState.value === 'in') sessionState.value = 'expired';
}
