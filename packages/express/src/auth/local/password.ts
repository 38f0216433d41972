/** Passwords: hashed and compared on libuv's threads, and never more of them at once than leaves threads for others. */
import { DaemonError } from '@mcp-daemon/core';
import type * as Bcrypt from 'bcrypt';

/** As the Python engine's bcrypt has it. */
const COST = 12;
/** A hash of a greater cost would hold a thread for seconds. */
const MAX_COST = 16;
/** What bcrypt reads of a password. */
const MAX_BYTES = 72;
const MIN_CHARACTERS = 8;

const HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Half of the threads that libuv has by default: files and names must be looked up while people log in. */
const AT_ONCE = 2;
const MAX_WAITING = 64;

/** The cost of a bcrypt hash; undefined: it is none, or one that would take too long. */
export function costOf(hash: string): number | undefined {
  const cost = Number(HASH.exec(hash)?.[1]);
  return cost >= 4 && cost <= MAX_COST ? cost : undefined;
}

/** Nobody's: no password is known to lead to it. */
const nobodys = (cost: number): string => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;

/** Loaded when the first password is seen: most processes that import this package never see one. */
const load = async (): Promise<Pick<typeof Bcrypt, 'hash' | 'compare'>> => (await import('bcrypt')).default;

/** @throws DaemonError `usage` where a new password is no good; it never repeats it */
function checkNew(password: string): void {
  if ([...password].length < MIN_CHARACTERS)
    throw new DaemonError('usage', `a password needs at least ${MIN_CHARACTERS} characters`);
  if (Buffer.byteLength(password) > MAX_BYTES)
    throw new DaemonError('usage', `a password may have at most ${MAX_BYTES} bytes: bcrypt takes no notice of the rest`);
  if (password.includes('\0')) throw new DaemonError('usage', 'a password must not contain the character NUL');
}

/** Hashes a new password. @throws DaemonError `usage` */
export async function hashPassword(password: string): Promise<string> {
  checkNew(password);
  const bcrypt = await load();
  return bcrypt.hash(password, COST);
}

/** Compares passwords, a few at a time. */
export interface PasswordDesk {
  /** Whether there is no place in the queue. */
  readonly full: boolean;
  /**
   * Compares a password with a hash. It takes as long as a hash of `longest` would, whatever the hash's own cost is and whether
   * there is one at all: the time tells nobody who is a user.
   */
  matches(password: string, hash: string | undefined, longest: number | undefined): Promise<boolean>;
}

/** Creates a desk. */
export function createPasswordDesk(): PasswordDesk {
  let busy = 0;
  const waiting: (() => void)[] = [];

  async function compare(password: string, hash: string | undefined, longest: number): Promise<boolean> {
    const bcrypt = await load();
    let cost = (hash === undefined ? undefined : costOf(hash)) ?? longest;
    // bcrypt knows 2a and 2b; 2y is what others call 2b.
    const matched = await bcrypt.compare(password, (hash ?? nobodys(longest)).replace(/^\$2y/, '$2b'));
    // Each step of the cost doubles the work: 2^c + 2^c + 2^(c+1) + ... + 2^(longest-1) = 2^longest.
    for (; cost < longest; cost += 1) await bcrypt.compare(password, nobodys(cost));
    return matched && hash !== undefined;
  }

  return {
    get full() {
      return waiting.length >= MAX_WAITING;
    },
    async matches(password, hash, longest = COST) {
      if (busy >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy += 1;
      try {
        return await compare(password, hash, longest);
      } finally {
        // The place is handed over, so that nobody can slip in between.
        const next = waiting.shift();
        if (next === undefined) busy -= 1;
        else next();
      }
    },
  };
}
