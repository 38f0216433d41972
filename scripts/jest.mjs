/** Runs jest. JEST_RESULTS names a file for its results as JSON, which is how .ci/run counts the tests. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { root, run } from './lib.mjs';

export function jest(args) {
  const results = process.env.JEST_RESULTS;
  return run(process.execPath, [
    // Jest loads ES modules through this flag; the warning that comes with it says nothing new.
    ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
    join(root, 'node_modules/jest/bin/jest.js'),
    ...(results ? ['--json', `--outputFile=${results}`] : []),
    ...args,
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await jest(process.argv.slice(2)).catch(() => (process.exitCode = 1));
}
