/**
 * `npm test`: sets up, then checks types, lint, format and the quick tests. `npm run test:all` runs the slow ones too: files named
 * `*.slow.test.ts`. All checks run, so that one run shows every mistake.
 */
import { jest } from './jest.mjs';
import { bin, check, run } from './lib.mjs';
import { setup } from './setup.mjs';

const given = process.argv.slice(2);
const all = given.includes('--all');
const paths = given.filter((argument) => argument !== '--all');
// If a slow test is named, run it.
const quick = all || paths.some((path) => path.includes('slow')) ? [] : ['--testPathIgnorePatterns', '\\.slow\\.test\\.ts$'];
/** ESLint's cache is a folder, Prettier's a file: where Prettier has it by default. */
const cached = (location) => ['--cache', '--cache-location', `node_modules/.cache/${location}`];

if (await check('set-up', setup)) {
  /** Each of these uses one core: together they take as long as the linter. */
  const types = () => check('types', () => run(bin('tsc'), ['-b', '--pretty']));
  const format = () =>
    check('format', () => run(bin('prettier'), [...cached('prettier/.prettier-cache'), '--check', '--log-level', 'warn', '.']));
  const lint = () => check('lint', () => run(bin('eslint'), [...cached('eslint/'), '--cache-strategy', 'content', '.']));
  await Promise.all([lint(), types().then(format)]);
  await check('jest', () => jest([...quick, ...paths]));
}
