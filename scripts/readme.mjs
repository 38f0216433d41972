/**
 * Runs the commands of README.md. A fence after `<!-- ci -->` runs in the clone. So does one after `<!-- ci serve -->`, until
 * its server has answered. scripts/packed.mjs runs a fence after `<!-- ci packed -->`, in a folder where the packed packages are
 * installed. There it also runs the `js` fences in the packages' READMEs that follow `<!-- ci -->` or `<!-- ci serve -->`,
 * with empty input, and the tests in docs/testing.md that follow `<!-- ci jest -->` or `<!-- ci vitest -->`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { check, root, run } from './lib.mjs';
import { greet, login, open, served } from './served.mjs';

/** The contents of the fences with this marker. */
export function fences(marker, { file = 'README.md', language = 'sh' } = {}) {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^<!-- (.+) -->\s*\n```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === marker && match[2] === language)
    .map((match) => match[3]);
}

export const shell = (commands, cwd, env) => run('bash', ['-euo', 'pipefail', '-c', commands], { cwd, env });

/** What a new user does first: log in, call a tool, open pages. */
async function tryOut(url) {
  await greet(url, await login(url, 'admin', 'admin123'));
  for (const path of ['/health', '/ready', '/docs']) await open(url + path);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const commands of fences('ci serve')) {
    await check(`README.md: ${commands.trim()}, logged in and called`, () => served(commands, { cwd: root }, tryOut));
  }
  const found = fences('ci');
  await check('README.md has npm test among the commands for CI', () => {
    if (!found.some((commands) => /^npm test$/m.test(commands))) throw new Error('no `<!-- ci -->` fence with npm test');
  });
  for (const commands of found) {
    const title = commands.trim().split('\n').join('; ');
    await check(`README.md: ${title}`, () => shell(commands, root));
  }
}
