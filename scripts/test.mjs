/** `npm test`: set up, then types, lint and jest. All of them run, so that one look shows every mistake. */
import { jest } from './jest.mjs';
import { bin, check, run } from './lib.mjs';
import { setup } from './setup.mjs';

if (await check('set-up', setup)) {
  await check('types', () => run(bin('tsc'), ['-b', '--pretty']));
  await check('lint', () => run(bin('eslint'), ['.']));
  await check('format', () => run(bin('prettier'), ['--check', '--log-level', 'warn', '.']));
  await check('jest', () => jest(process.argv.slice(2)));
}
