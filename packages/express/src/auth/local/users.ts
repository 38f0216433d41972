/** The users of a file: find them, reload them when the file changes, and change them. */
import type { Logger } from '@mcp-daemon/core';
import { DaemonError, DEFAULT_PARTITION } from '@mcp-daemon/core';

import { nameProblem } from '../identity.js';
import { costOf, hashPassword } from './password.js';
import type { UserEntry } from './user-entry.js';
import { parseUsers, partitionsProblem, rolesProblem, scopesProblem } from './user-entry.js';
import type { UserGrants } from './user-scopes.js';
import { replaceText, textOf } from './user-storage.js';
import type { FileReader } from './watched-file.js';
import { watchFile } from './watched-file.js';

/** A user, without secrets. */
export interface UserInfo extends UserGrants {
  readonly username: string;
}

/** A user to add. */
export interface NewUser {
  username: string;
  password: string;
  /** Default: `["user"]`. */
  roles?: readonly string[];
  /** `partition` or `partition#part`. Default: `["default"]`. */
  partitions?: readonly string[];
  /** Default: none. */
  scopes?: readonly string[];
}

/** Changes a users file. It never returns passwords or hashes. */
export interface UserFile {
  /** Lists all users, in the order of the file. */
  listUsers(): Promise<UserInfo[]>;
  /** Adds a user. @throws DaemonError `usage` if the username exists already, or a value is invalid */
  addUser(user: NewUser): Promise<void>;
  /**
   * Changes roles, partitions or scopes of a user; what is left out stays as it is.
   *
   * @throws DaemonError `usage` if the username does not exist, or a value is invalid
   */
  changeUser(username: string, change: (user: UserInfo) => Partial<UserGrants>): Promise<UserInfo>;
  /** Removes a user. @throws DaemonError `usage` if the username does not exist */
  removeUser(username: string): Promise<void>;
  /** Changes a password. @throws DaemonError `usage` if the username does not exist, or the password is not allowed */
  setPassword(username: string, password: string): Promise<void>;
}

const grantsOf = ({ roles, partitions = [DEFAULT_PARTITION], scopes }: UserEntry): UserGrants => ({
  roles,
  partitions,
  ...(scopes === undefined ? {} : { scopes }),
});

const entriesOf = (text: string | undefined, file: string): UserEntry[] => (text === undefined ? [] : parseUsers(text, file));

function checked(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw new DaemonError('usage', `${what} ${problem}`);
}

/** Checks everything about a new user except the password. @throws DaemonError `usage` if a value is invalid */
export function checkUser({ username, roles, partitions, scopes }: Omit<NewUser, 'password'>): void {
  checked('a username', nameProblem(username));
  checked('roles', roles === undefined ? undefined : rolesProblem(roles));
  checked('partitions', partitions === undefined ? undefined : partitionsProblem(partitions));
  checked('scopes', scopes === undefined ? undefined : scopesProblem(scopes));
}

/**
 * Opens a users file for changes. The file need not exist before the first user is added. It is written atomically, and only its owner
 * may read it.
 *
 * @param written called after each change
 */
export function createUserFile(file: string, written: () => Promise<void> = async () => undefined): UserFile {
  async function change(edit: (users: UserEntry[]) => UserEntry[]): Promise<void> {
    await replaceText(file, (text) => `${JSON.stringify(edit(entriesOf(text, file)), null, 2)}\n`);
    await written();
  }

  const indexOf = (users: readonly UserEntry[], username: string): number => {
    const index = users.findIndex((user) => user.username === username);
    if (index === -1) throw new DaemonError('usage', `${file} has no user of that name`);
    return index;
  };

  return {
    async listUsers() {
      const users = entriesOf(await textOf(file), file);
      return users.map((user) => ({ username: user.username, ...grantsOf(user) }));
    },
    async addUser({ username, password, roles = ['user'], partitions, scopes }) {
      const grants = { roles, ...(partitions && { partitions }), ...(scopes && { scopes }) };
      checkUser({ username, ...grants });
      const user = { username, password_hash: await hashPassword(password), ...grants };
      await change((users) => {
        if (users.some((other) => other.username === username))
          throw new DaemonError('usage', `${file} already has a user of that name`);
        return [...users, user];
      });
    },
    async changeUser(username, edit) {
      let after: UserInfo | undefined;
      await change((users) => {
        const at = indexOf(users, username);
        const { username: _name, ...before } = users[at] as UserEntry;
        const { roles, partitions, scopes } = edit({ username, ...grantsOf(users[at] as UserEntry) });
        const changes = { ...(roles && { roles }), ...(partitions && { partitions }), ...(scopes && { scopes }) };
        checkUser({ username, ...changes });
        const user = { username, ...before, ...changes };
        after = { username, ...grantsOf(user) };
        return users.with(at, user);
      });
      return after as unknown as UserInfo;
    },
    removeUser: (username) => change((users) => users.toSpliced(indexOf(users, username), 1)),
    async setPassword(username, password) {
      indexOf(entriesOf(await textOf(file), file), username); // before hashing, which is slow
      const hash = await hashPassword(password);
      await change((users) => {
        const index = indexOf(users, username);
        return users.map((user, at) => (at === index ? { ...user, password_hash: hash } : user));
      });
    },
  };
}

/** A user as loaded from the file: the same object until something about the user changes. */
export interface KnownUser extends UserInfo {
  readonly passwordHash: string;
}

/** The users of a file, up to date. */
export interface Users {
  /** Reloads a changed file. Call it before `find`. @returns undefined where there is nothing to wait for */
  refresh(): Promise<void> | undefined;
  /** The user of that name. */
  find(username: string): KnownUser | undefined;
  /** The highest cost of the password hashes; undefined: there are no users. */
  readonly longest: number | undefined;
  /** Changes the file. A change is visible here as soon as its promise resolves. */
  readonly file: UserFile;
}

/**
 * Opens a users file and follows its changes. When a later version has mistakes, the last good version stays in use. A missing file counts
 * as a file without users.
 *
 * @param changed called after the file has been read again
 * @param disk reads the file. Default: from the disk
 * @throws ConfigError if the file has mistakes when it is opened
 */
export async function openUsers(
  file: string,
  changed: () => void,
  logger?: Pick<Logger, 'error'>,
  disk?: FileReader,
): Promise<Users> {
  let users = new Map<string, KnownUser>();
  let longest: number | undefined;

  function load(text: string | undefined): void {
    const next = entriesOf(text, file).map((entry): [string, KnownUser] => {
      const user = { username: entry.username, passwordHash: entry.password_hash, ...grantsOf(entry) };
      const known = users.get(user.username);
      return [user.username, known !== undefined && JSON.stringify(known) === JSON.stringify(user) ? known : user];
    });
    users = new Map(next);
    longest = next.length === 0 ? undefined : Math.max(...next.map(([, { passwordHash }]) => costOf(passwordHash) ?? 0));
  }

  const what = 'the users file';
  const watched = await watchFile({ file, what, load, changed, logger, ...(disk === undefined ? {} : { disk }) });
  return {
    refresh: () => watched.refresh(),
    find: (username) => users.get(username),
    get longest() {
      return longest;
    },
    file: createUserFile(file, () => watched.reload()),
  };
}
