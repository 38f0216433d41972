/** A jest reporter: failed tests once more at the very end, each with the command that runs it alone. */
import { relative } from 'node:path';

import { root } from './lib.mjs';

/** A test's name as a regular expression that a shell takes whole. */
const quoted = (name) => `'^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/'/g, `'\\''`)}$'`;

export default class FailuresLast {
  onRunComplete(_contexts, { testResults }) {
    const lines = testResults.flatMap(({ testFilePath, testResults: tests, testExecError }) => {
      const path = relative(root, testFilePath);
      const failed = tests.filter(({ status }) => status === 'failed');
      if (failed.length === 0 && testExecError === undefined) return [];
      if (failed.length === 0) return [`${path} could not be run`, `    npm run jest -- ${path}`];
      return failed.flatMap(({ fullName }) => [`${path}: ${fullName}`, `    npm run jest -- ${path} -t ${quoted(fullName)}`]);
    });
    if (lines.length > 0)
      process.stderr.write(`\nFailed tests, and how to run each alone:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  }
}
