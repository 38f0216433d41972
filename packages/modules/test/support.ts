/** Makes folders of fixtures, and child processes that load them: jest replaces import() in its own process. */
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { buildSync } from 'esbuild';

import { tempFolder } from '../../../tests/temp-folder.js';
import { arrival } from '../../../tests/until.js';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Writes files by path into a new folder, and returns the folder's path. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

let bundle: string | undefined;

/** Bundles the package, as in the command line, from the sources because a build may be old. */
function built(): string {
  if (bundle !== undefined) return bundle;
  const folder = folderOf({ 'package.json': '{"type":"module"}', 'node_modules/@swc/README': '' });
  symlinkSync(join(packages, 'modules/node_modules/@swc/wasm-typescript'), join(folder, 'node_modules/@swc/wasm-typescript'));
  bundle = join(folder, 'modules.js');
  buildSync({
    entryPoints: {
      modules: join(packages, 'modules/src/index.ts'),
      'typescript-thread': join(packages, 'modules/src/typescript-thread.ts'),
    },
    outdir: folder,
    bundle: true,
    minify: true,
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: { '@mcp-daemon/core': join(packages, 'core/src/index.ts') },
  });
  return bundle;
}

const prelude = (): string => `
import { localModules } from ${JSON.stringify(pathToFileURL(built()).href)};
import * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
const base = process.argv[2];
const out = { warnings: [] };
const modules = localModules({ base, logger: { warn: (fields, message) => out.warnings.push(message) } });
const link = (module_name, more) => ({ kind: 'link', package_name: module_name, module_name, function_name: 'hello', setting: {}, ...more });
const load = async (name, more) => (await modules.load(link(name, more), 'default')).exports;
const failure = async (name, more) => {
  try { await load(name, more); return 'it loaded'; } catch (e) { return { code: e.code, message: e.message, cause: e.cause?.message ?? String(e.cause) }; }
};
const write = (path, text) => fs.writeFileSync(join(base, path), text);
const changes = [];
const watch = () => modules.watch((change) => changes.push(change));
/** Waits until something is true. The test ends the process when its own time is over. */
const until = async (condition) => { while (!(await condition())) await sleep(5); };
/** Waits for a change: by default the first one. */
const change = async (count = 1) => { await until(() => changes.length >= count); return changes[count - 1]; };
const live = new Set();
const openWatcher = fs.default.watch;
fs.default.watch = (...args) => {
  const watcher = openWatcher(...args);
  live.add(watcher);
  return watcher.on('close', () => live.delete(watcher));
};
syncBuiltinESMExports();
/** The number of folders that are watched. */
const watchers = () => live.size;
/** Waits until the folders of what is loaded are watched. */
const watched = () => until(() => watchers() > 0);
const turns = async () => { for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };
const now = Date.now;
/** The clock: it can be stopped, so that no file was written long ago, and be some milliseconds ahead. */
const clock = { stop() { const at = now(); Date.now = () => at; }, ahead(ms) { Date.now = () => now() + ms; } };
`;

/** What a child process printed. */
export interface Told {
  [name: string]: unknown;
  warnings: string[];
}

/**
 * Runs statements in a child process. They can use `load`, `failure`, `write`, `watch`, `watched`, `change` and more, and put results into
 * `out`. The process must end by itself. `descriptors` limits how many files it may have open.
 */
export async function inChild(
  base: string,
  body: string,
  nodeOptions: readonly string[] = [],
  { descriptors }: { descriptors?: number } = {},
): Promise<Told> {
  const script = join(folderOf({ 'run.mjs': `${prelude()}\n${body}\nconsole.log('\\n' + JSON.stringify(out));` }), 'run.mjs');
  const command = [process.execPath, ...nodeOptions, script, base];
  const limited = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh'];
  const [program = '', ...args] = [...limited, ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = new Promise((done) => child.on('close', (status, signal) => done(status ?? signal)));
  const code = await arrival(closed, () => `the end of the child, which printed\n${stdout}${stderr}`).finally(() =>
    child.kill('SIGKILL'),
  );
  if (code !== 0) throw new Error(`the child ended with ${String(code)}\n${stdout}${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Told;
}
