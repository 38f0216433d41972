/** Adds up the checks (lines of {name, ok}) and jest's results; the last line is `N passed, N failed`. */
import { existsSync, readFileSync } from 'node:fs';

const [checksFile, ...jestFiles] = process.argv.slice(2);
let passed = 0;
let failed = 0;
const failures = [];
const count = (ok, name) => {
  if (ok) passed += 1;
  else {
    failed += 1;
    failures.push(name);
  }
};

for (const line of readFileSync(checksFile, 'utf8').split('\n').filter(Boolean)) {
  const { name, ok } = JSON.parse(line);
  count(ok, name);
}
for (const file of jestFiles.filter((name) => existsSync(name))) {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  passed += results.numPassedTests;
  for (const suite of results.testResults) {
    // A test file that could not be loaded has no tests to count.
    if (suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed')) count(false, suite.name);
    for (const test of suite.assertionResults) if (test.status === 'failed') count(false, `${suite.name}: ${test.fullName}`);
  }
}
for (const name of failures) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
