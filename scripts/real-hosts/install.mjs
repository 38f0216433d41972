/** Gets pinned versions of hosts, and a Node that runs all of them, from npm into a folder that is kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib.mjs';

const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
const NODE_VERSION = '24.22.3';
/** Claude Code and Qwen Code need Node 22 or newer. */
const ENOUGH = 22;

const packageJson = (at, name) => join(at, 'node_modules', name, 'package.json');

/** Installs packages into a folder of their own, unless they are there. @returns the folder */
async function installed(cache, packages) {
  const names = Object.keys(packages);
  const at = join(cache, names[0].replace(/\W+/g, '-').replace(/^-/, ''));
  const isThere = names.every(
    (name) =>
      existsSync(packageJson(at, name)) && JSON.parse(readFileSync(packageJson(at, name), 'utf8')).version === packages[name],
  );
  if (isThere) return at;
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), '{"private":true}');
  const wanted = names.map((name) => `${name}@${packages[name]}`);
  const flags = ['--save-exact', '--no-audit', '--no-fund', '--loglevel=error', '--cache', join(cache, 'npm')];
  // With install scripts: some packages put their executable into place with one.
  await run('npm', ['install', ...flags, ...wanted], { cwd: at, quiet: true });
  return at;
}

/** The folder of a Node that all hosts run on: this one, if it is new enough. */
export async function nodeFolder(cache) {
  if (Number(process.versions.node.split('.')[0]) >= ENOUGH) return join(process.execPath, '..');
  const at = await installed(cache, { [NODE_PACKAGE]: NODE_VERSION });
  return join(at, 'node_modules', NODE_PACKAGE, 'bin');
}

/** Installs a host, unless it is there. @returns its folder */
export const installHost = (cache, { packages }) => installed(cache, packages);
