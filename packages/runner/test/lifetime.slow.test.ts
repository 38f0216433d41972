/** Children end with the daemon, whatever ends it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { tempFolder } from '../../../tests/temp-folder.js';
import { arrival } from '../../../tests/until.js';
import { allGone, isAlive, programsFolder } from './support.js';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A daemon's part: two children, of which one loops and one has started a program. It prints their process ids. */
const PROGRAM = `
import { createProcessRunner } from './runner/src/index.ts';
const [, , base, programs] = process.argv;
const none = () => {};
const runner = createProcessRunner({
  locators: [{ accepts: () => true, locate: async () => ({ runtime: 'node', root: base, file: base + '/m.mjs', digest: 'd' }) }],
  programs,
  env: { PATH: process.env.PATH },
  logger: { debug: none, info: none, warn: none, error: none },
});
const context = { partition: 'a', callId: 'c', subject: 's', inputs: {}, signal: new AbortController().signal, progress() {}, log() {} };
const call = async (name, partition) => {
  const link = { kind: 'link', package_name: 'm', module_name: 'm', function_name: name, setting: {} };
  return (await runner.resolve(link, partition)).call({}, context);
};
const forked = await call('forks', 'a');
const looping = await call('pid', 'b');
void call('loops', 'b').catch(() => {});
await call('pid', 'c');
const { launcher, children } = runner.pids();
console.log(JSON.stringify({ launcher, pids: [...children, ...forked, looping], looping }));
setInterval(() => {}, 1000);
process.on('SIGUSR2', async () => { await runner.close(); process.exit(0); });
`;

const MODULE = `
import { spawn } from 'node:child_process';
export const pid = () => process.pid;
export const loops = () => { for (;;); };
export const forks = () => [process.pid, spawn('sleep', ['1000']).pid];
`;

interface Running {
  daemon: ChildProcess;
  launcher: number;
  pids: number[];
}

let program: string;
let programs: string;
beforeAll(async () => {
  program = join(tempFolder(), 'daemon.mjs');
  await build({
    stdin: { contents: PROGRAM, resolveDir: packages },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    alias: { '@mcp-daemon/core': join(packages, 'core/src/index.ts') },
  });
  programs = await programsFolder();
});

const daemons: ChildProcess[] = [];
afterEach(() => {
  for (const daemon of daemons.splice(0)) daemon.kill('SIGKILL');
});

async function start(): Promise<Running> {
  const base = tempFolder();
  writeFileSync(join(base, 'm.mjs'), MODULE);
  const daemon = spawn(process.execPath, [program, base, programs], { stdio: ['ignore', 'pipe', 'inherit'] });
  daemons.push(daemon);
  const [text] = (await arrival(once(createInterface(daemon.stdout), 'line'), 'the process ids that the daemon prints')) as [
    string,
  ];
  const { launcher, pids } = JSON.parse(text) as { launcher: number; pids: number[] };
  expect(pids.every(isAlive)).toBe(true);
  return { daemon, launcher, pids };
}

(process.platform === 'linux' ? describe : describe.skip)('all children end, those that loop, too', () => {
  it('when the daemon is killed', async () => {
    const { daemon, launcher, pids } = await start();
    daemon.kill('SIGKILL');
    await allGone([...pids, launcher]);
  });

  it('when the launcher is killed', async () => {
    const { daemon, launcher, pids } = await start();
    process.kill(launcher, 'SIGKILL');
    await allGone(pids);
    expect(isAlive(daemon.pid!)).toBe(true);
  });

  it('when both are killed at once', async () => {
    const { daemon, launcher, pids } = await start();
    daemon.kill('SIGSTOP'); // it must not notice
    process.kill(launcher, 'SIGKILL');
    daemon.kill('SIGKILL');
    // The program that a function has started is not a child of the launcher.
    const [sleeping, ...children] = [pids.at(-2)!, ...pids.filter((pid) => pid !== pids.at(-2))];
    await allGone(children);
    process.kill(sleeping, 'SIGKILL');
  });

  it('when the runner is closed', async () => {
    const { daemon, launcher, pids } = await start();
    daemon.kill('SIGUSR2');
    await allGone([...pids, launcher]);
  });
});
