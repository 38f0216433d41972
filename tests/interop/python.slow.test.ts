/** The functions of the suite in Python: clients of both eras do the same with them as with those in JavaScript. */
import { copyFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describeFunctions } from './functions.js';

const code = join(dirname(fileURLToPath(import.meta.url)), 'everything.py');

describeFunctions(async ({ folder }) => {
  await rm(join(folder, 'everything.mjs'));
  await copyFile(code, join(folder, 'everything.py'));
});
