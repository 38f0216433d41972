/** Hashes and checks passwords. bcrypt runs on libuv's threads; only some of these are used at the same time. */
import { DaemonError } from '@mcp-daemon/core';
import type * as Bcrypt from 'bcrypt';

import { loadOptional } from '../optional-package.js';

/** The cost that the Python engine uses. */
const COST = 12;
/** A hash of a higher cost would occupy a thread for seconds. */
const MAX_COST = 16;
/** bcrypt ignores all further bytes of a password. */
const MAX_BYTES = 72;
const MIN_CHARACTERS = 8;

const HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Half of libuv's default threads: file access and DNS need the others. */
const MAX_RUNNING = 2;
const MAX_WAITING = 64;

/** The cost of a bcrypt hash; undefined: it is not a bcrypt hash, or its cost is not from 4 to 16. */
export function costOf(hash: string): number | undefined {
  const cost = Number(HASH.exec(hash)?.[1]);
  return cost >= 4 && cost <= MAX_COST ? cost : undefined;
}

/** A hash that no known password matches. */
const dummyHash = (cost: number): string => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;

/** Loads bcrypt with the first password: many processes that load this module never see one. */
const load = async (): Promise<Pick<typeof Bcrypt, 'hash' | 'compare'>> =>
  (await loadOptional('bcrypt', 'a users file', () => import('bcrypt'))).default;

/** Checks a new password. @throws DaemonError `usage` if it is not allowed; the message never contains it */
export function checkPassword(password: string): void {
  if ([...password].length < MIN_CHARACTERS)
    throw new DaemonError('usage', `a password needs at least ${MIN_CHARACTERS} characters`);
  if (Buffer.byteLength(password) > MAX_BYTES)
    throw new DaemonError('usage', `a password may have at most ${MAX_BYTES} bytes: bcrypt ignores the rest`);
  if (password.includes('\0')) throw new DaemonError('usage', 'a password must not contain the character NUL');
}

/** Hashes a new password. @throws DaemonError `usage` if it is not allowed, or bcrypt is not installed */
export async function hashPassword(password: string): Promise<string> {
  checkPassword(password);
  const bcrypt = await load();
  return bcrypt.hash(password, COST);
}

/** Checks passwords, a few at a time. */
export interface PasswordChecker {
  /** Whether the queue of waiting checks is full. */
  readonly full: boolean;
  /**
   * Compares a password with a hash; undefined: there is no hash, and the answer is false.
   *
   * The comparison takes as long as a hash of the cost `longest`, whatever the cost of the hash and even without one, so that the time
   * does not show whether a user exists.
   */
  matches(password: string, hash: string | undefined, longest: number | undefined): Promise<boolean>;
}

/** Creates a checker. */
export function createPasswordChecker(): PasswordChecker {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function compare(password: string, hash: string | undefined, longest: number): Promise<boolean> {
    const bcrypt = await load();
    let cost = (hash === undefined ? undefined : costOf(hash)) ?? longest;
    // bcrypt knows the prefixes 2a and 2b. Some programs write 2y for the same as 2b.
    const matched = await bcrypt.compare(password, (hash ?? dummyHash(longest)).replace(/^\$2y/, '$2b'));
    // Each step of the cost doubles the work, so this adds up: 2^c + 2^c + 2^(c+1) + ... + 2^(longest-1) = 2^longest.
    for (; cost < longest; cost += 1) await bcrypt.compare(password, dummyHash(cost));
    return matched && hash !== undefined;
  }

  return {
    get full() {
      return waiting.length >= MAX_WAITING;
    },
    async matches(password, hash, longest = COST) {
      if (running >= MAX_RUNNING) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await compare(password, hash, longest);
      } finally {
        // The next check takes over this one's slot, so that a new one cannot overtake it.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
