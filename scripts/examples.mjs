/** Runs every example. Each asserts what it shows, so its exit code is the verdict. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { check, root, run } from './lib.mjs';

const folder = join(root, 'examples');
const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
const examples = entries
  .flatMap((entry) => (entry.isDirectory() ? [`${entry.name}/run.mjs`] : entry.name.endsWith('.mjs') ? [entry.name] : []))
  .filter((name) => existsSync(join(folder, name)))
  .sort();

if (examples.length === 0) await check('examples', () => Promise.reject(new Error('there is none in examples/')));
for (const name of examples) {
  await check(`examples/${name}`, () => run(process.execPath, [join(folder, name)], { quiet: true, timeoutMs: 120_000 }));
}
