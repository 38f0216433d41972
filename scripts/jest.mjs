/** Runs jest. JEST_RESULTS names a file for the results as JSON, from which .ci/run counts the tests. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root, run } from './lib.mjs';

export function jest(args) {
  const results = process.env.JEST_RESULTS;
  return run(process.execPath, [
    // Jest needs this flag for ES modules; the warning that Node prints about it is suppressed.
    ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
    join(root, 'node_modules/jest/bin/jest.js'),
    ...(results ? ['--json', `--outputFile=${results}`] : []),
    ...args,
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await jest(process.argv.slice(2)).catch(() => (process.exitCode = 1));
}
