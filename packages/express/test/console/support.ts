/** A folder as the build of the console makes it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { atEnd } from '../support.js';

export const SCRIPT = 'console.0123456789ab.js';

/** Makes the folder, and removes it after the test. */
export async function consoleFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-console-'));
  atEnd(() => rm(folder, { recursive: true }));
  const page = `<html><script src="console/assets/${SCRIPT}"></script><body data-security="{{security}}"></body></html>`;
  await writeFile(join(folder, 'console.html'), page);
  await writeFile(join(folder, `${SCRIPT}.gz`), gzipSync('start();'));
  await writeFile(join(folder, 'secret.key'), 'not for browsers');
  return folder;
}
