/** Paths that must stay in a folder, wherever links lead. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { isObject } from '@mcp-daemon/core';

/** The code of an error of the system: `ENOENT`. */
export const codeOf = (error: unknown): unknown => (isObject(error) ? error['code'] : undefined);

/**
 * The real path of what is below a folder.
 *
 * @returns undefined: it is outside of the folder
 * @throws Error of the system, if there is no such file or folder
 */
export async function realPathBelow(base: string, path: string): Promise<string | undefined> {
  const [root, real] = await Promise.all([realpath(base), realpath(join(base, path))]);
  return real.startsWith(root.endsWith(sep) ? root : root + sep) ? real : undefined;
}
