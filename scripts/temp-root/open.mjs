/**
 * Before all tests: one temporary folder for the whole run stands in for the system's, so that nothing is left there, also by a test that
 * fails or forgets. Workers and the processes of tests inherit `TMPDIR`. Its path is short, because sockets are made in it.
 */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function openTempRoot() {
  process.env.TMPDIR = realpathSync(mkdtempSync(join(tmpdir(), 'mcpd-')));
}
