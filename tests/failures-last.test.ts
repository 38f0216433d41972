/** What a run of tests prints last: each failed test, with the command that runs it alone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { root } from './walls.js';

/** Lets the reporter print its summary of some results. @returns the lines on stderr */
async function summary(...results: object[]): Promise<string[]> {
  const program = `import FailuresLast from './scripts/failures-last.mjs';
    new FailuresLast().onRunComplete(new Set(), { testResults: ${JSON.stringify(results)} });`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
  return stderr.split('\n').map((line) => line.trim());
}

const passed = { status: 'passed', fullName: 'a sum is right' };
const file = `${root}/tests/sums.test.ts`;

test('each failed test is named last, with a command that a shell takes as it is', async () => {
  const name = `a sum of 1 + 1 isn't "3" (it's $2)`;
  const [, title, test, command = '', ...rest] = await summary({
    testFilePath: file,
    testResults: [passed, { status: 'failed', fullName: name }],
  });
  expect([title, test, rest]).toEqual(['Failed tests, and how to run each alone:', `tests/sums.test.ts: ${name}`, ['']]);
  expect(command).toMatch(/^npm run jest -- tests\/sums\.test\.ts -t '/);
  // The shell gives jest a pattern for this name alone.
  const { stdout } = await promisify(execFile)('bash', ['-c', command.replace('npm run jest --', `printf '%s\\n'`)]);
  const pattern = new RegExp(stdout.split('\n')[2] ?? '');
  expect([name, `${name} too`, 'a sum of 1 + 1'].map((each) => pattern.test(each))).toEqual([true, false, false]);
});

test('a file that could not be run is named too, and nothing where all has passed', async () => {
  const broken = { testFilePath: file, testResults: [], testExecError: { message: 'a syntax error' } };
  expect(await summary(broken)).toEqual([
    '',
    'Failed tests, and how to run each alone:',
    'tests/sums.test.ts could not be run',
    'npm run jest -- tests/sums.test.ts',
    '',
  ]);
  expect(await summary({ testFilePath: file, testResults: [passed] })).toEqual(['']);
});
