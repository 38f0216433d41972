/** `npm test`: sets up, then checks types, lint and tests. All of them run, so that one run shows every mistake. */
import { jest } from './jest.mjs';
import { bin, check, run } from './lib.mjs';
import { setup } from './setup.mjs';

if (await check('set-up', setup)) {
  await check('types', () => run(bin('tsc'), ['-b', '--pretty']));
  await check('lint', () => run(bin('eslint'), ['.']));
  await check('format', () => run(bin('prettier'), ['--check', '--log-level', 'warn', '.']));
  await check('jest', () => jest(process.argv.slice(2)));
}
