/**
 * `npm run packed`: packs every package, lints the tarballs, installs them into an empty folder with plain npm, and uses them
 * from there.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { bin, check, root, run } from './lib.mjs';
import { fences, shell } from './readme.mjs';
import { greet, login, open, served } from './served.mjs';
import { pack, readManifests } from './tarballs.mjs';

/** What the tests in docs/testing.md need. The newest vitest does not run on Node 20. */
const TEST_TOOLS = ['@modelcontextprotocol/client@2.4.0', 'jest@30.5.2', 'vitest@4.1.12'];

/** Maximum size of each tarball in kilobytes. Two of them contain the files of the API pages. */
const LARGEST = { cli: 3_300, core: 400, express: 1_500 };
const LARGEST_OF_OTHERS = 300;

const manifests = await readManifests();
const folders = [...manifests.keys()];
const { version } = manifests.get('cli');

const temporary = await mkdtemp(join(tmpdir(), 'mcp-daemon-packed-'));
const tarballs = join(temporary, 'tarballs');
const home = join(temporary, 'home');

const quiet = { quiet: true, timeoutMs: 120_000 };
/** With a data folder of its own: the user's own record may be of another version. */
const inHome = { ...quiet, cwd: home, env: { MCP_DATA_DIR: join(temporary, 'own-data') } };
/** Runs the installed command, as a user would. */
const daemon = (...args) => run('npx', ['--no-install', 'mcp-daemon', ...args], inHome);

/** One session of the stdio server. @returns the answers by id */
async function session(messages, ...args) {
  const input = messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join('');
  const { stdout } = await run('npx', ['--no-install', 'mcp-daemon', ...args], { ...inHome, input });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(answers.map((answer) => [answer.id, answer]));
}

try {
  let files = new Map();
  await check('pack', async () => (files = await pack(tarballs)));

  for (const [folder, file] of files) {
    await check(`publint ${folder}`, () => run(bin('publint'), ['run', file, '--strict'], quiet));
    // Files that are no modules, such as schemas, have no types.
    const data = Object.keys(manifests.get(folder).exports).filter((entry) => /\.(json|graphql)$/.test(entry));
    const excluded = data.length > 0 ? ['--exclude-entrypoints', ...data] : [];
    await check(`attw ${folder}`, () => run(bin('attw'), [file, '--profile', 'esm-only', ...excluded], quiet));
  }

  for (const [folder, file] of files) {
    const kilobytes = Math.round((await stat(file)).size / 1_000);
    const most = LARGEST[folder] ?? LARGEST_OF_OTHERS;
    await check(`the tarball of ${folder} has ${kilobytes} KB, of ${most}`, () => assert.ok(kilobytes <= most));
  }

  await check('npm install of the tarballs in an empty folder', async () => {
    await run('mkdir', ['-p', home]);
    await writeFile(join(home, 'package.json'), '{ "name": "home", "private": true }\n');
    await run('npm', ['install', '--no-audit', '--no-fund', ...files.values()], { ...inHome, timeoutMs: 300_000 });
  });

  await check('npx mcp-daemon --version', async () => {
    assert.equal((await daemon('--version')).stdout.trim(), version);
  });
  await check('npx mcp-daemon init demo', () => daemon('init', 'demo'));
  await check('npx mcp-daemon --config demo/mcp.json list', async () => {
    const { stdout } = await daemon('--config', 'demo/mcp.json', 'list');
    assert.notEqual(stdout.trim(), '');
  });
  await check('npx mcp-daemon init typed --ts: its functions run on this Node', async () => {
    await daemon('init', 'typed', '--ts');
    const { stdout } = await daemon('--config', 'typed/mcp.json', 'call', 'hello', 'name=Ada');
    assert.equal(stdout, 'Hello, Ada!\n');
  });
  await check('npx mcp-daemon --transport stdio answers a host', async () => {
    const answers = await session(
      [
        {
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'packed', version } },
        },
        { method: 'notifications/initialized' },
        { id: 2, method: 'tools/list' },
      ],
      ...['--transport', 'stdio', '--config', 'demo/mcp.json'],
    );
    assert.equal(answers.get(1)?.result?.protocolVersion, '2025-11-25');
    assert.ok(answers.get(2)?.result?.tools.length > 0, 'no tools listed');
  });

  const node = (file, text) => async () => {
    await writeFile(join(home, file), text);
    await run(process.execPath, [file], inHome);
  };
  const program = (entry, users = entry) => `
    import assert from 'node:assert/strict';
    import express from 'express';
    import { createDaemon, defineCatalog, defineTool } from 'mcp-daemon';
    import { createRouter, serveHttp } from '${entry}';
    import { createLocalAuth } from '${users}';
    import { greet, login, open } from '${join(root, 'scripts/served.mjs')}';

    const tool = { name: 'hello', inputSchema: { type: 'object' }, run: ({ name }) => 'Hello, ' + name + '!' };
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [defineTool(tool)] }) });
    const auth = await createLocalAuth({ userFile: 'users.json', jwtSecret: 'x'.repeat(32) });
    const server = await serveHttp(daemon, { auth, port: 0 });
    const router = createRouter(daemon);
    const app = express().use('/ai', router).listen(0, '127.0.0.1');
    await new Promise((resolve) => app.once('listening', resolve));
    const mounted = 'http://127.0.0.1:' + app.address().port + '/ai';
    await greet(server.url, await login(server.url, 'ann', 'a long password'));
    await greet(mounted);
    for (const url of [server.url, mounted]) assert.ok((await open(url + '/docs')) > 0);
    await Promise.all([server.close(), router.close()]);
    app.closeAllConnections();
    app.close();
    await daemon.close();
  `;
  const withoutUsers = `
    import assert from 'node:assert/strict';
    import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';
    import { serveHttp } from '@mcp-daemon/express';
    import { createCognitoAuth } from '@mcp-daemon/express/cognito';
    import { createLocalAuth, createUserFile } from '@mcp-daemon/express/local';
    import { greet } from '${join(root, 'scripts/served.mjs')}';

    const tool = { name: 'hello', inputSchema: { type: 'object' }, run: ({ name }) => 'Hello, ' + name + '!' };
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [defineTool(tool)] }) });
    const server = await serveHttp(daemon, { port: 0 });
    await greet(server.url);
    await server.close();
    await daemon.close();
    const missing = (name) => ({ code: 'usage', message: new RegExp('run "npm install ' + name + '"$') });
    const local = createLocalAuth({ userFile: 'users.json', jwtSecret: 'x'.repeat(32) });
    await assert.rejects(local, missing('jose'));
    const added = createUserFile('users.json').addUser({ username: 'ann', password: 'a long password' });
    await assert.rejects(added, missing('bcrypt'));
    const cognito = createCognitoAuth({ userPoolId: 'eu-central-1_AbCdEf123', clientId: 'abc' });
    await assert.rejects(cognito, missing('aws-jwt-verify'));
  `;
  const uses = `if (typeof createDaemon !== 'function') throw new Error('createDaemon is ' + typeof createDaemon);`;
  await check(`import('mcp-daemon')`, node('import.mjs', `import { createDaemon } from 'mcp-daemon';\n${uses}\n`));
  await check(`require('mcp-daemon')`, node('require.cjs', `const { createDaemon } = require('mcp-daemon');\n${uses}\n`));
  await check(
    'mcp-daemon/config.schema.json',
    node('schema.cjs', `require('node:assert').ok(require('mcp-daemon/config.schema.json').$schema);\n`),
  );
  await check(
    'libsql comes with its binary',
    node('native.cjs', `new (require('libsql'))(':memory:').prepare('select 1').get();\n`),
  );
  await check('npx mcp-daemon users add ann', async () => {
    const args = ['--no-install', 'mcp-daemon', 'users', 'add', 'ann', '--password-stdin'];
    await run('npx', args, { ...inHome, input: 'a long password\n' });
    assert.match(await readFile(join(home, 'users.json'), 'utf8'), /"\$2b\$/);
  });
  await check('npx mcp-daemon --transport sse: a user logs in and calls; the pages have what they load', () =>
    served('npx --no-install mcp-daemon --transport sse --config demo/mcp.json', { cwd: home }, async (url) => {
      await greet(url, await login(url, 'ann', 'a long password'));
      for (const page of ['/docs', '/redoc']) assert.ok((await open(url + page)) > 0, `${page} loads nothing`);
      assert.equal((await fetch(`${url}/openapi.json`).then((answer) => answer.json())).openapi, '3.1.1');
    }),
  );
  for (const [entry, users] of [['mcp-daemon/http'], ['@mcp-daemon/express', '@mcp-daemon/express/local']]) {
    await check(`${entry}: a server, and a router in an Express app`, node('http.mjs', program(entry, users)));
  }

  await check(
    '@mcp-daemon/express without users installs neither bcrypt, jose nor an AWS SDK, and reports it if one is needed',
    async () => {
      const alone = join(temporary, 'alone');
      await mkdir(alone);
      await writeFile(join(alone, 'package.json'), '{ "name": "alone", "private": true }\n');
      const inAlone = { ...quiet, cwd: alone };
      const needed = [files.get('core'), files.get('express')];
      await run('npm', ['install', '--no-audit', '--no-fund', ...needed], { ...inAlone, timeoutMs: 300_000 });
      const installed = await readdir(join(alone, 'node_modules'));
      const optional = Object.keys(manifests.get('express').peerDependencies);
      const unwanted = ['@smithy', ...optional.map((name) => name.split('/')[0])];
      assert.deepEqual(
        installed.filter((name) => unwanted.includes(name)),
        [],
      );
      await writeFile(join(alone, 'alone.mjs'), withoutUsers);
      await run(process.execPath, ['alone.mjs'], inAlone);
    },
  );

  // Declarations of dependencies are checked as well, so a missing type is an error.
  await check('the types compile in a TypeScript program', async () => {
    const all = [...manifests.values()].flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((entry) => !/\.(json|graphql)$/.test(entry))
        .map((entry) => name + entry.slice(1)),
    );
    await writeFile(
      join(home, 'program.mts'),
      [
        ...all.map((entry, index) => `import * as m${index} from '${entry}';`),
        `import { createDaemon } from 'mcp-daemon';`,
        `const made: object = createDaemon;`,
        `console.log(made, ${all.map((_, index) => `m${index}`).join(', ')});`,
      ].join('\n'),
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const types = ['--typeRoots', join(root, 'node_modules/@types')];
    await run(bin('tsc'), [...options, ...types, 'program.mts'], inHome);
  });

  for (const folder of folders) {
    for (const [index, program] of fences('ci', { file: `packages/${folder}/README.md`, language: 'js' }).entries()) {
      await check(`packages/${folder}/README.md: program ${index + 1}`, node(`${folder}-${index}.mjs`, program));
    }
    for (const [index, program] of fences('ci serve', { file: `packages/${folder}/README.md`, language: 'js' }).entries()) {
      const env = { JWT_SECRET_KEY: 'x'.repeat(32), ADMIN_PASSWORD: 'a long password' };
      await check(`packages/${folder}/README.md: server ${index + 1}, logged in and called`, async () => {
        await writeFile(join(home, `${folder}-server-${index}.mjs`), program);
        await served(`node ${folder}-server-${index}.mjs`, { cwd: home, env, last: 'ended' }, async (url) =>
          greet(url, await login(url, 'admin', env.ADMIN_PASSWORD)),
        );
      });
    }
  }
  await check('npm install of the test runners', () =>
    run('npm', ['install', '--save-dev', '--no-audit', '--no-fund', ...TEST_TOOLS], { ...inHome, timeoutMs: 300_000 }),
  );
  const runners = {
    jest: [process.execPath, ['--experimental-vm-modules', join(home, 'node_modules/jest/bin/jest.js')]],
    vitest: [process.execPath, [join(home, 'node_modules/vitest/vitest.mjs'), 'run']],
  };
  for (const [runner, [command, args]] of Object.entries(runners)) {
    await check(`docs/testing.md: the test for ${runner}`, async () => {
      const tests = fences(`ci ${runner}`, { file: 'docs/testing.md', language: 'js' });
      assert.equal(tests.length, 1);
      const cwd = join(home, `with-${runner}`);
      await mkdir(cwd);
      await writeFile(join(cwd, 'package.json'), '{ "type": "module" }\n');
      await writeFile(join(cwd, 'tools.test.js'), tests[0]);
      for (const name of ['mcp.json', 'functions.mjs']) await cp(join(home, 'demo', name), join(cwd, name));
      const { stdout, stderr } = await run(command, args, { ...quiet, cwd });
      assert.match(stdout + stderr, /[12] passed/);
    });
  }

  // As after `npm link`, which puts the command on the PATH; with a record of its own.
  const linked = {
    PATH: [join(home, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    MCP_DATA_DIR: join(temporary, 'data'),
  };
  for (const commands of fences('ci packed')) {
    const title = commands.trim().split('\n').join('; ');
    await check(`README.md, from a new installation: ${title}`, () => shell(commands, home, linked));
  }
} finally {
  await rm(temporary, { recursive: true, force: true });
}
