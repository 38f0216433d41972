/** Folders for the files of a test. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder. It is removed after the tests of the file. @returns its real path */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcpd-test-')));
  folders.push(folder);
  return folder;
}
