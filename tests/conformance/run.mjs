/**
 * `npm run conformance`: the official conformance suites over HTTP, on examples/everything. Every scenario must pass, scored or
 * not. With `-- --isolation process`, every function runs in a process of its own. The suites are installed separately: they need a
 * newer Node than this project. With `-- --client all`, or the name of one scenario, only the client scenarios run.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { check, root, run, step } from '../../scripts/lib.mjs';
import { setup } from '../../scripts/setup.mjs';
import { authorizationSuite } from './authorization.mjs';
import { clientSuite } from './client.mjs';

const { isolation, client: only } = parseArgs({
  options: { isolation: { type: 'string' }, client: { type: 'string' } },
}).values;
const behind = isolation === undefined ? '' : ` with isolation "${isolation}"`;
const cache = join(root, 'node_modules/.cache/conformance');

const SUITES = [
  { version: '0.2.0-alpha.12', args: ['--requirements', '2025-11-25'] },
  { version: '0.2.0-alpha.12', args: ['--requirements', '2026-07-28'] },
  { version: '0.1.16', args: ['--suite', 'all'] },
];

/** Scenarios of extensions, which no suite contains. */
const EXTENSIONS = {
  version: '0.2.0-alpha.12',
  scenarios: ['sep-2640-skills-directory', 'sep-2640-skills-enumeration', 'sep-2640-skills-manifest'],
};

/** All scenarios for authorization servers. Those named auth/... are for clients. */
const AUTHORIZATION = {
  version: '0.2.0-alpha.12',
  scenarios: ['authorization-server-metadata-endpoint', 'authorization-code-grant'],
};

/** Installs a package into a folder of its own, once. */
async function installed(name, version) {
  const folder = join(cache, `${name.replaceAll('/', '+')}@${version}`);
  const found = join(folder, 'node_modules', name);
  if (!existsSync(found)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const options = { quiet: true, cwd: folder, timeoutMs: 300_000 };
    await step(`installing ${name}@${version}`, () =>
      run('npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], options),
    );
  }
  return found;
}

/** A Node that can run the suites. */
async function node() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const { platform, arch } = process;
  return join(await installed(`node-${platform}-${arch}`, '24'), 'bin/node');
}

/** Starts the server on a copy of the example, because some scenarios change it. */
async function serve(folder, users = 'none') {
  await cp(join(root, 'examples/everything'), folder, { recursive: true });
  const config = join(folder, 'mcp.json');
  if (isolation !== undefined) {
    const document = JSON.parse(await readFile(config, 'utf8'));
    for (const link of document.module_links) link.isolation = isolation;
    await writeFile(config, JSON.stringify(document));
  }
  const settings = ['--transport', 'sse', '--port', '0', '--auth-provider', users, '--rate-limit', '0', '--no-access-log'];
  const files = ['--config', config, '--data-dir', join(folder, 'data')];
  const child = spawn(process.execPath, [join(root, 'packages/cli/dist/bin.js'), ...settings, ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: root,
  });
  let log = '';
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(`${found}/mcp`);
    });
    child.once('close', (code) => reject(new Error(`the daemon ended with exit code ${code}: ${log}`)));
  });
  return { url, stop: () => child.kill('SIGTERM') };
}

const SCENARIO = /^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed/gm;

/** Runs a suite. It exits with 1 if anything failed, so its output decides. */
async function scenarios(executable, suite, args) {
  const output = await run(executable, [suite, 'server', ...args], { quiet: true, timeoutMs: 600_000 }).then(
    ({ stdout }) => stdout,
    ({ message }) => message,
  );
  return { found: summaryOf(output), output };
}

/** What a suite says about each scenario at its end. */
function summaryOf(output) {
  const summary = output.slice(output.lastIndexOf('=== SUMMARY ==='));
  const found = [...summary.matchAll(SCENARIO)].map(([, name, passed, failed]) => ({
    name,
    passed: Number(passed),
    failed: Number(failed),
  }));
  if (found.length === 0) throw new Error(`the suite said nothing that is understood:\n${output.slice(-3_000)}`);
  return found;
}

const total = (list, key) => list.reduce((sum, scenario) => sum + scenario[key], 0);

/** The scenarios for servers, with our daemon as the server. */
async function checkServer(executable) {
  for (const { version, args } of SUITES) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-conformance-'));
    const name = `conformance ${version} ${args.join(' ')}${behind}`;
    await check(name, async () => {
      const suite = join(await installed('@modelcontextprotocol/conformance', version), 'dist/index.js');
      const server = await serve(folder);
      try {
        const { found, output } = await scenarios(executable, suite, ['--url', server.url, ...args]);
        console.log(`  ${total(found, 'passed')} checks passed, ${total(found, 'failed')} failed, in ${found.length} scenarios`);
        const failed = found.filter((scenario) => scenario.failed > 0).map((scenario) => scenario.name);
        if (failed.length > 0) throw new Error(`failed: ${failed.join(', ')}\n${output}`);
      } finally {
        server.stop();
        await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    });
  }

  await check('conformance of the authorization server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-conformance-'));
    const suite = join(await installed('@modelcontextprotocol/conformance', AUTHORIZATION.version), 'dist/index.js');
    const server = await serve(folder, 'local');
    try {
      const output = await authorizationSuite(executable, suite, new URL(server.url).origin);
      const found = summaryOf(output);
      console.log(`  ${total(found, 'passed')} checks passed, ${total(found, 'failed')} failed, in ${found.length} scenarios`);
      const names = found.filter(({ passed, failed }) => passed > 0 && failed === 0).map(({ name }) => name);
      if (AUTHORIZATION.scenarios.some((name) => !names.includes(name)) || total(found, 'failed') > 0) throw new Error(output);
    } finally {
      server.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });

  await check(`conformance of extensions${behind}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-conformance-'));
    const suite = join(await installed('@modelcontextprotocol/conformance', EXTENSIONS.version), 'dist/index.js');
    const server = await serve(folder);
    try {
      for (const scenario of EXTENSIONS.scenarios) {
        const options = { quiet: true, timeoutMs: 120_000 };
        const { stdout } = await run(executable, [suite, 'server', '--url', server.url, '--scenario', scenario], options);
        const [, passed, of, failed, warnings] = /Passed: (\d+)\/(\d+), (\d+) failed, (\d+) warnings/.exec(stdout) ?? [];
        console.log(`  ${scenario}: ${passed} of ${of} passed`);
        if (passed === undefined || passed === '0' || failed !== '0' || warnings !== '0' || passed !== of)
          throw new Error(stdout);
      }
    } finally {
      server.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}

/** The scenarios for clients, with our daemon as the client. */
const checkClient = (executable) =>
  check('conformance of the client of mounted servers', async () => {
    const suite = join(await installed('@modelcontextprotocol/conformance', EXTENSIONS.version), 'dist/index.js');
    await clientSuite(executable, suite, only === 'all' ? undefined : only);
  });

if (await check('set-up', setup)) {
  const executable = await node();
  // A mounted server is the same wherever our own functions run.
  if (isolation === undefined) await checkClient(executable);
  if (only === undefined) await checkServer(executable);
}
