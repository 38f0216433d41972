/**
 * Adds up the checks (lines of {name, ok}) and jest's results; the last line is `N passed, N failed`. Tests that passed only in a second run
 * are named.
 */
import { existsSync, readFileSync } from 'node:fs';

import { againFile } from './jest.mjs';

const [checksFile, ...jestFiles] = process.argv.slice(2);
let passed = 0;
const failures = [];
const unstable = [];
const count = (ok, name) => {
  if (ok) passed += 1;
  else failures.push(name);
};
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const failedIn = ({ assertionResults }) => assertionResults.filter(({ status }) => status === 'failed');

for (const line of readFileSync(checksFile, 'utf8').split('\n').filter(Boolean)) {
  const { name, ok } = JSON.parse(line);
  count(ok, name);
}
for (const file of jestFiles.filter((name) => existsSync(name))) {
  const results = read(file);
  passed += results.numPassedTests;
  const again = existsSync(againFile(file)) ? read(againFile(file)).testResults : [];
  for (const suite of results.testResults.filter(({ status }) => status === 'failed')) {
    const second = again.find(({ name }) => name === suite.name);
    const tests = failedIn(suite).map(({ fullName }) => fullName);
    for (const test of tests) {
      const retried = second?.assertionResults.find(({ fullName }) => fullName === test);
      const name = `${suite.name}: ${test}`;
      count(retried?.status === 'passed', name);
      if (retried?.status === 'passed') unstable.push(name);
    }
    // A test file that could not be loaded has no tests to count.
    if (tests.length > 0) continue;
    count(second?.status === 'passed', suite.name);
    if (second?.status === 'passed') unstable.push(suite.name);
  }
}
for (const name of unstable) console.log(`passed only in a second run, mend it: ${name}`);
for (const name of failures) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
