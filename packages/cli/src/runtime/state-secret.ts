/**
 * The secret that encrypts session ids and request states, where the settings name none. It is kept beside the database, so that clients
 * go on with their sessions after a restart on the same machine.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf } from '../errors.js';
import { writeFileAtomically } from '../files/atomic-write.js';
import { makeFolder } from '../files/make-folder.js';
import { dataDir } from '../settings/paths.js';
import type { Env, Settings } from '../settings/settings.js';

/** The name of the file in the data folder. Only its owner can read it. */
export const STATE_SECRET_FILE = 'state-secret';

/** For the current user alone. */
const PRIVATE_FOLDER = 0o700;
const BYTES = 32;
/** What a file of ours looks like. */
const SECRET = /^[\w-]{43}$/;

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** @returns undefined if there is no such file. @throws what the file system throws, and Error if it holds something else */
function read(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (!SECRET.test(text)) throw new Error('it does not hold a secret: remove it, and a new one is made');
  return text;
}

/** Makes the file. Of several processes that do so at once, the first one wins, and all get its secret. */
function make(file: string): string | undefined {
  const own = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  writeFileAtomically(own, `${randomBytes(BYTES).toString('base64url')}\n`, { durable: true });
  try {
    linkSync(own, file);
  } catch (error) {
    if (read(file) === undefined) throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return read(file);
}

/** A secret, or why there is none. */
export interface StateSecret {
  /** Undefined: a random one is to be used. */
  readonly secret: string | undefined;
  /** Why the file in the data folder cannot be used, for the log. */
  readonly problem?: string;
}

/**
 * The secret of the settings, or else the one in the data folder, which is made at the first start. Only the SQLite store has a data
 * folder: several machines share DynamoDB, and a store in memory keeps nothing.
 */
export function stateSecretOf(settings: Settings, env: Env): StateSecret {
  if (settings.stateSecret !== undefined || settings.store !== 'sqlite') return { secret: settings.stateSecret };
  let file = STATE_SECRET_FILE;
  try {
    const folder = dataDir(settings, env);
    file = join(folder, STATE_SECRET_FILE);
    const known = read(file);
    if (known !== undefined) return { secret: known };
    makeFolder(folder, PRIVATE_FOLDER);
    return { secret: make(file) };
  } catch (error) {
    return { secret: undefined, problem: `${file} cannot be used, so sessions end with this process: ${messageOf(error)}` };
  }
}
