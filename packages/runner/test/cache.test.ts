/** Compiled code is kept in the folder that the locator gives, so that later processes need not compile it. */
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';

import type { CodeLocation, CodeLocator } from '@mcp-daemon/core';

import { tempFolder } from '../../../tests/temp-folder.js';
import { PYTHON } from './python/child.js';
import { openRunner } from './support.js';

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.|[0-9a-f]{8}/.test(name))
    : [];

const locatorOf = (location: CodeLocation): CodeLocator => ({ accepts: () => true, locate: async () => location });

/** Whether this Node can keep compiled code. */
const canCache = 'enableCompileCache' in nodeModule;

(canCache ? it : it.skip)('JavaScript, also when the folder is moved', async () => {
  const parent = tempFolder();
  const code = `import { half } from './half.mjs';\nexport const f = (n) => half(2 * n);\n`;
  mkdirSync(join(parent, 'first/digest'), { recursive: true });
  writeFileSync(join(parent, 'first/digest/m.mjs'), code);
  writeFileSync(join(parent, 'first/digest/half.mjs'), 'export const half = (n) => n / 2;\n');
  /** @returns what of the code was not compiled anew */
  const run = async (name: string): Promise<string[]> => {
    const root = join(parent, name, 'digest');
    const location: CodeLocation = { runtime: 'node', root, file: join(root, 'm.mjs'), cache: `${root}.cache`, digest: 'd' };
    const env = { PATH: process.env['PATH'] ?? '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    const { call, runner, log } = await openRunner('', {}, { locators: [locatorOf(location)], env });
    expect(await call('f', 4)).toBe(4);
    await runner.close?.();
    return log.flatMap(({ message }) => /(\w+)\.mjs was accepted/.exec(message)?.[1] ?? []).sort();
  };
  expect(await run('first')).toEqual([]);
  expect(filesIn(join(parent, 'first/digest.cache')).length).toBeGreaterThanOrEqual(2);
  expect(await run('first')).toEqual(['half', 'm']);
  renameSync(join(parent, 'first'), join(parent, 'moved'));
  expect(await run('moved')).toEqual(process.versions.node >= '24' ? ['half', 'm'] : []);
});

it('Python, beside the code and not in it', async () => {
  const root = tempFolder();
  const cache = join(tempFolder(), 'cache');
  writeFileSync(join(root, 'm.py'), 'import other\ndef f(n):\n    return other.twice(n)\n');
  writeFileSync(join(root, 'other.py'), 'def twice(n):\n    return 2 * n\n');
  const location: CodeLocation = { runtime: 'python', root, file: null, cache, digest: 'd' };
  const { call } = await openRunner('', { paths: { python: PYTHON } }, { locators: [locatorOf(location)] });
  expect(await call('f', { n: 4 })).toBe(8);
  expect(filesIn(cache).filter((name) => name.endsWith('.pyc'))).toEqual(
    expect.arrayContaining([expect.stringMatching(/\bm\..*pyc$/), expect.stringMatching(/\bother\..*pyc$/)]),
  );
  expect(readdirSync(root).sort()).toEqual(['m.py', 'other.py']);
});
