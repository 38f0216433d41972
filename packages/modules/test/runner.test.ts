import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { runnerContextContract, runnerContract } from '@mcp-daemon/core/contract';
import { buildSync } from 'esbuild';

import { folderOf } from './support.js';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Runs the contract of runners over real files, in a process of its own: inside jest, import() is jest's own. */
const PROGRAM = `
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runnerContextContract, runnerContract } from './core/src/contract/index.ts';
import { createInProcessRunner } from './core/src/runner/in-process.ts';
import { localModules } from './modules/src/index.ts';

const nothing = () => {};
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function open(base) {
  mkdirSync(base);
  const modules = localModules({ base, logger });
  /** The modules that are loaded: those are watched. A module that failed to load is not, and its next load reads the file again. */
  const loaded = new Set();
  const load = async (link, partition) => {
    loaded.delete(link.module_name);
    const module = await modules.load(link, partition);
    loaded.add(link.module_name);
    return module;
  };
  let edited = nothing;
  modules.watch(() => edited());
  return {
    runner: createInProcessRunner({ modules: [{ ...modules, load }], logger }),
    link: (module) => ({ kind: 'link', package_name: module, module_name: module }),
    async install(module, code) {
      const seen = new Promise((resolve) => (edited = resolve));
      writeFileSync(join(base, module + '.mjs'), code);
      if (!loaded.has(module)) return;
      const alive = setInterval(nothing, 60_000); // watchers keep no process alive
      await seen;
      clearInterval(alive);
    },
    digests: false,
  };
}

const results = [];
for (const [index, check] of [...runnerContract, ...runnerContextContract].entries()) {
  try {
    await check.run(() => open(join(process.argv[2], String(index))));
    results.push({ name: check.name, result: 'ok' });
  } catch (error) {
    results.push({ name: check.name, result: String(error) });
  }
}
console.log(JSON.stringify(results));
`;

describe('the runner of this process over local modules', () => {
  let results: { name: string; result: string }[] = [];
  beforeAll(async () => {
    const folder = folderOf({});
    const outfile = join(folder, 'contract.mjs');
    buildSync({
      stdin: { contents: PROGRAM, resolveDir: packages },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      alias: { '@mcp-daemon/core': join(packages, 'core/src/index.ts') },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, folder]);
    results = JSON.parse(stdout) as typeof results;
  });

  it.each([...runnerContract, ...runnerContextContract].map(({ name }) => name))('%s', (name) => {
    expect(results.find((result) => result.name === name)?.result).toBe('ok');
  });
});
