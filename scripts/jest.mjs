/**
 * Runs jest. JEST_RESULTS names a file for the results as JSON, from which .ci/run counts the tests.
 *
 * Under CI, tests that failed run once more when nothing else runs, if they are in a few files. One that passes then depends on the speed of
 * the machine: it is named in the results, so that it gets mended, but does not fail the run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root, run } from './lib.mjs';

/** Failures in more files than this are the fault of the code. */
const MAX_FILES_AGAIN = 3;

/** The results of the second run, by the file of the first. */
export const againFile = (results) => `${results}.again`;

const start = (args, results) =>
  run(process.execPath, [
    // Jest needs this flag for ES modules; the warning that Node prints about it is suppressed.
    ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
    join(root, 'node_modules/jest/bin/jest.js'),
    ...(results === undefined ? [] : ['--json', `--outputFile=${results}`]),
    ...args,
  ]);

const failedFiles = (results) =>
  existsSync(results)
    ? JSON.parse(readFileSync(results, 'utf8'))
        .testResults.filter(({ status }) => status === 'failed')
        .map(({ name }) => name)
    : [];

export async function jest(args) {
  if (!process.env.CI) return start(args, process.env.JEST_RESULTS);
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-jest-'));
  const results = process.env.JEST_RESULTS ?? join(folder, 'results.json');
  try {
    return await start(args, results);
  } catch (error) {
    const failed = failedFiles(results);
    if (failed.length === 0 || failed.length > MAX_FILES_AGAIN) throw error;
    process.stdout.write(`\nOnce more, alone:\n${failed.map((file) => `  ${file}\n`).join('')}`);
    return await start(['--runInBand', '--runTestsByPath', ...failed], againFile(results));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await jest(process.argv.slice(2)).catch(() => (process.exitCode = 1));
}
