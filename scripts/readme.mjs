/**
 * Runs the commands that README.md promises. A fence that follows `<!-- ci -->` runs in the clone; one that follows
 * `<!-- ci packed -->` runs in a folder into which the packed packages were installed (scripts/packed.mjs does that).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, root, run } from './lib.mjs';

export function fences(kind) {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  return [...text.matchAll(/^<!-- (ci(?: packed)?) -->\s*\n```sh\n([\s\S]*?)^```$/gm)]
    .filter(([, marker]) => marker === kind)
    .map(([, , commands]) => commands);
}

export const shell = (commands, cwd) => run('bash', ['-euo', 'pipefail', '-c', commands], { cwd });

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = fences('ci');
  await check('README.md has npm test among the commands for CI', () => {
    if (!found.some((commands) => /^npm test$/m.test(commands))) throw new Error('no `<!-- ci -->` fence with npm test');
  });
  for (const commands of found) {
    const title = commands.trim().split('\n').join('; ');
    await check(`README.md: ${title}`, () => shell(commands, root));
  }
}
