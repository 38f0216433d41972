/** Which names a bundle can have: they become names of files and folders, and keys of a bucket. And the ids of bundles that were replaced. */
import { randomBytes } from 'node:crypto';

const MAX_NAME = 100;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * What is wrong with the name of a bundle, as the end of a sentence; undefined where nothing is.
 *
 * @param name 1 to 100 characters of A-Z a-z 0-9 . _ -, of which the first is none of . and -
 * @example bundleNameProblem('../x') // 'begins with "."'
 */
export function bundleNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > MAX_NAME) return `has more than ${MAX_NAME} characters`;
  if (NAME.test(name)) return undefined;
  const [wrong] = /^[.-]/.exec(name) ?? /[^A-Za-z0-9_.-]/.exec(name) ?? [''];
  return /^[.-]/.test(name) ? `begins with "${wrong}"` : `has the character ${JSON.stringify(wrong)}`;
}

const KEPT_ID = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;

/** The time of the last id, so that two in one millisecond have different times. */
let lastTime = 0;

/** A new id for a bundle that is kept. Ids sort by time, such as `20260308T101500123Z-1f0c`. */
export function newKeptId(now: number = Date.now()): string {
  lastTime = Math.max(now, lastTime + 1);
  return `${new Date(lastTime).toISOString().replace(/[-:.]/g, '')}-${randomBytes(2).toString('hex')}`;
}

/** The time in the id of a kept bundle, as ISO 8601; undefined: it is no such id. */
export function timeOfKeptId(id: string): string | undefined {
  if (!KEPT_ID.test(id)) return undefined;
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z');
}
