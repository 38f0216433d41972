/** The users of a file: looked up, read anew when the file changes, and changed. */
import type { Logger } from '@mcp-daemon/core';
import { DaemonError, DEFAULT_PARTITION } from '@mcp-daemon/core';

import type { Grants } from '../identity.js';
import { nameProblem } from '../identity.js';
import { costOf, hashPassword } from './password.js';
import type { UserEntry } from './user-entry.js';
import { parseUsers, partitionsProblem, rolesProblem } from './user-entry.js';
import { replaceText, textOf, versionOf } from './user-storage.js';

/** How often the file is looked at, at most. */
const LOOK_EVERY_MS = 1_000;

/** What may be told of a user. */
export interface UserInfo extends Grants {
  readonly username: string;
}

/** A user who is to be added. */
export interface NewUser {
  username: string;
  password: string;
  /** Default: `["user"]`. */
  roles?: readonly string[];
  /** `partition` or `partition#part`. Default: `["default"]`. */
  partitions?: readonly string[];
}

/** A users file, to be changed; nothing it gives has a password or a hash in it. */
export interface UserFile {
  /** All users, in the order of the file. */
  listUsers(): Promise<UserInfo[]>;
  /** @throws DaemonError `usage` where there is such a user, or the entry is no good */
  addUser(user: NewUser): Promise<void>;
  /** @throws DaemonError `usage` where there is no such user */
  removeUser(username: string): Promise<void>;
  /** @throws DaemonError `usage` where there is no such user, or the password is no good */
  setPassword(username: string, password: string): Promise<void>;
}

const grantsOf = ({ roles, partitions = [DEFAULT_PARTITION] }: UserEntry): Grants => ({ roles, partitions });

const entriesOf = (text: string | undefined, file: string): UserEntry[] => (text === undefined ? [] : parseUsers(text, file));

function checked(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw new DaemonError('usage', `${what} ${problem}`);
}

/** Whether a user could be added, as far as that can be told without the password. @throws DaemonError `usage` */
export function checkUser({ username, roles, partitions }: Omit<NewUser, 'password'>): void {
  checked('a username', nameProblem(username));
  checked('roles', roles === undefined ? undefined : rolesProblem(roles));
  checked('partitions', partitions === undefined ? undefined : partitionsProblem(partitions));
}

/**
 * A users file. It need not exist before the first user is added; it is written at once or not at all, for its owner's eyes alone.
 *
 * @param written told after each change
 */
export function createUserFile(file: string, written: () => Promise<void> = async () => undefined): UserFile {
  async function change(edit: (users: UserEntry[]) => UserEntry[]): Promise<void> {
    await replaceText(file, (text) => `${JSON.stringify(edit(entriesOf(text, file)), null, 2)}\n`);
    await written();
  }

  const indexOf = (users: readonly UserEntry[], username: string): number => {
    const index = users.findIndex((user) => user.username === username);
    if (index === -1) throw new DaemonError('usage', `there is no user of that name in ${file}`);
    return index;
  };

  return {
    async listUsers() {
      const users = entriesOf(await textOf(file), file);
      return users.map((user) => ({ username: user.username, ...grantsOf(user) }));
    },
    async addUser({ username, password, roles = ['user'], partitions }) {
      checkUser({ username, roles, ...(partitions === undefined ? {} : { partitions }) });
      const user = { username, password_hash: await hashPassword(password), roles };
      await change((users) => {
        if (users.some((other) => other.username === username))
          throw new DaemonError('usage', `there is a user of that name in ${file} already`);
        return [...users, partitions === undefined ? user : { ...user, partitions }];
      });
    },
    removeUser: (username) => change((users) => users.toSpliced(indexOf(users, username), 1)),
    async setPassword(username, password) {
      indexOf(entriesOf(await textOf(file), file), username); // before the hash, which takes its time
      const hash = await hashPassword(password);
      await change((users) => {
        const index = indexOf(users, username);
        return users.map((user, at) => (at === index ? { ...user, password_hash: hash } : user));
      });
    },
  };
}

/** A user as a process knows them; the same object for as long as nothing about them changes. */
export interface KnownUser extends UserInfo {
  readonly passwordHash: string;
}

/** The users of a file, kept up to date. */
export interface Users {
  /** To be called before users are looked up. @returns undefined: nothing to wait for */
  refresh(): Promise<void> | undefined;
  find(username: string): KnownUser | undefined;
  /** The greatest cost among the hashes; undefined: there are none. */
  readonly longest: number | undefined;
  /** The file, to be changed; a change is known here when it is done. */
  readonly file: UserFile;
}

/**
 * Opens a users file. While a process runs, a file with mistakes does not count: the last good one does. A file that is gone is a
 * file without users.
 *
 * @param changed told after the file has been read again
 * @throws ConfigError where the file has mistakes now
 */
export async function openUsers(file: string, changed: () => void, logger?: Pick<Logger, 'error'>): Promise<Users> {
  let users = new Map<string, KnownUser>();
  let longest: number | undefined;
  let version: string | undefined;
  let lookedAt = 0;
  let looking: Promise<void> | undefined;
  let complaint: string | undefined;

  async function read(): Promise<void> {
    const entries = entriesOf(await textOf(file), file);
    const next = entries.map((entry): [string, KnownUser] => {
      const user = { username: entry.username, passwordHash: entry.password_hash, ...grantsOf(entry) };
      const known = users.get(user.username);
      return [user.username, known !== undefined && JSON.stringify(known) === JSON.stringify(user) ? known : user];
    });
    users = new Map(next);
    longest = next.length === 0 ? undefined : Math.max(...next.map(([, { passwordHash }]) => costOf(passwordHash) ?? 0));
  }

  /** @returns whether the file was read */
  async function look(): Promise<boolean> {
    const found = await versionOf(file);
    if (found === version && lookedAt !== 0) return false;
    version = found; // before it is read: what is written meanwhile is another version
    await read();
    return true;
  }

  async function lookAgain(): Promise<void> {
    try {
      if (!(await look())) return;
      complaint = undefined;
      changed();
    } catch (error) {
      const { message } = error as Error;
      if (message !== complaint)
        logger?.error({ error: message }, 'the users file is not read; what it said before still counts');
      complaint = message;
    } finally {
      lookedAt = Date.now();
      looking = undefined;
    }
  }

  await look();
  lookedAt = Date.now();
  return {
    refresh() {
      if (looking !== undefined) return looking;
      const age = Date.now() - lookedAt;
      if (age >= 0 && age < LOOK_EVERY_MS) return undefined;
      return (looking = lookAgain());
    },
    find: (username) => users.get(username),
    get longest() {
      return longest;
    },
    file: createUserFile(file, async () => {
      await looking; // it may have begun before the change
      await (looking = lookAgain());
    }),
  };
}
