/** Runs the client scenarios of the suite against our daemon, which mounts the server of each scenario. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../../scripts/lib.mjs';
import { DO_NOT_APPLY, EXPECTED_FAILURES } from './client-scenarios.mjs';

/** Of the versions that a scenario is for, those that it is run at: the newest of each era, or the only one. */
const VERSIONS = ['2025-11-25', '2026-07-28'];

/** Scenarios at once: each mostly waits. With more, a slow machine reaches the time limits of the handshake. */
const AT_ONCE = 2;

const LISTED = /^ {2}- (\S+) \[([^\]]+)\]$/gm;

/** The client scenarios of a suite, with the versions to run each at; none: an extension. */
async function scenariosOf(executable, suite) {
  const { stdout } = await run(executable, [suite, 'list'], { quiet: true, timeoutMs: 60_000 });
  const [, text = ''] = /Client scenarios[^\n]*\n(.*?)\n\n/s.exec(stdout) ?? [];
  const found = [...text.matchAll(LISTED)].map(([, name, list]) => {
    const all = list.split(',').filter((version) => /^\d/.test(version));
    const wanted = all.filter((version) => VERSIONS.includes(version));
    return { name, versions: wanted.length > 0 ? wanted : all };
  });
  if (found.length === 0) throw new Error(`the suite lists no client scenarios:\n${stdout}`);
  return found;
}

/** The file of a folder with this name, however deep. */
async function find(folder, name) {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.name === name) return join(entry.parentPath, name);
  return undefined;
}

/** Runs one scenario. @returns the ids of the checks that passed and that did not */
async function resultOf(executable, suite, name, version) {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-scenario-'));
  const command = `${process.execPath} ${join(import.meta.dirname, 'mounted-client.mjs')}`;
  const args = ['client', '--command', command, '--scenario', name, '--spec-version', version, '-o', folder];
  try {
    // It ends with exit code 1 if a check failed; its file of results decides.
    const output = await run(executable, [suite, ...args], { quiet: true, timeoutMs: 120_000 }).then(
      ({ stdout }) => stdout,
      ({ message }) => message,
    );
    const file = await find(folder, 'checks.json');
    if (file === undefined) throw new Error(`${name} (${version}) has no results:\n${output}`);
    const checks = JSON.parse(await readFile(file, 'utf8'));
    const ids = (...states) => checks.filter(({ status }) => states.includes(status)).map(({ id }) => id);
    return { passed: ids('SUCCESS').length, failed: [...new Set(ids('FAILURE', 'WARNING'))].sort(), output };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Runs all client scenarios that apply.
 *
 * @param executable the Node to run the suite with
 * @param suite the path of its program
 * @param only the name of one scenario. Default: all
 * @throws Error that names each scenario with another result than expected
 */
export async function clientSuite(executable, suite, only) {
  const all = await scenariosOf(executable, suite);
  const known = new Set(all.map(({ name }) => name));
  const surprises = [...Object.keys(DO_NOT_APPLY), ...Object.keys(EXPECTED_FAILURES).map((key) => key.split(' ')[0])]
    .filter((name) => !known.has(name))
    .map((name) => `${name}: the suite has no such scenario`);
  let [passed, count] = [0, 0];
  const wanted = all.filter(({ name }) => !(name in DO_NOT_APPLY) && (only === undefined || only === name));
  for (const { name, versions } of wanted)
    if (versions.length === 0) surprises.push(`${name}: it is for no version, so say whether it applies`);
  const runs = wanted.flatMap(({ name, versions }) => versions.map((version) => ({ name, version })));
  const worker = async () => {
    for (let next = runs.shift(); next !== undefined; next = runs.shift()) {
      const { name, version } = next;
      const result = await resultOf(executable, suite, name, version);
      const { failed = [] } = EXPECTED_FAILURES[`${name} ${version}`] ?? EXPECTED_FAILURES[name] ?? {};
      count += 1;
      passed += result.passed;
      if (JSON.stringify(result.failed) !== JSON.stringify([...failed].sort()))
        surprises.push(
          `${name} (${version}): failed: ${result.failed.join(', ') || 'none'}; expected: ${failed.join(', ') || 'none'}`,
        );
      else if (result.passed === 0) surprises.push(`${name} (${version}): no check passed:\n${result.output}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(`  ${passed} checks passed in ${count} runs; ${Object.keys(DO_NOT_APPLY).length} scenarios do not apply`);
  if (surprises.length > 0) throw new Error(surprises.join('\n'));
}
