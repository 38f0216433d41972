/** The temporary folder of a run of tests. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { root } from './walls.js';

test('what tests leave in the temporary folder is removed and named after them, and nothing is where they left nothing', async () => {
  const run = async (left: string): Promise<{ folder: string; stderr: string }> => {
    const program = `import open from './scripts/temp-root/open.mjs';
      import remove from './scripts/temp-root/remove.mjs';
      import { mkdirSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      import { join } from 'node:path';
      open();
      process.stdout.write(tmpdir());
      mkdirSync(join(tmpdir(), 'node-compile-cache'));
      ${left}
      remove();`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
    });
    return { folder: stdout, stderr };
  };
  const some = await run(`mkdirSync(join(tmpdir(), 'mount-1', 'deep'), { recursive: true });`);
  expect(some.stderr).toBe('\nTests have left in the temporary folder:\n  mount-1\n');
  expect((await run('')).stderr).toBe('');
  expect(dirname(some.folder)).toBe(tmpdir());
  expect(existsSync(some.folder)).toBe(false);
});
