/** Processes that are killed from outside, as the kernel does when memory is short, before a call runs in them. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { tempFolder } from '../../../tests/temp-folder.js';
import { until } from '../../../tests/until.js';
import { openRunner } from './support.js';

/** A module that is never loaded in the first process, and notes each process that loads it. */
const SLOW = (file: string): string => `
import fs from 'node:fs';
fs.appendFileSync(${JSON.stringify(file)}, process.pid + '\\n');
if (fs.readFileSync(${JSON.stringify(file)}, 'utf8').trim().split('\\n').length === 1) await new Promise(() => setInterval(() => {}, 1000));
export const run = (input) => input;
`;

async function pidIn(file: string): Promise<number> {
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('\n'), 'the process that loads the code');
  return Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
}

it('a call does not fail if the process that loads its code is killed', async () => {
  const file = join(tempFolder(), 'pids');
  const { call, runner } = await openRunner(SLOW(file));
  const running = call('run', 'value');
  process.kill(await pidIn(file), 'SIGKILL');
  expect(await running).toBe('value');
  await until(() => runner.counts().children === 1, 'one process');
  expect(runner.counts().crashes).toBe(1);
});

it('a call does not fail if its process is killed before it is ready', async () => {
  const folder = tempFolder();
  const program = join(folder, 'node');
  const flag = join(folder, 'flag');
  writeFileSync(program, `#!/bin/sh\nif [ ! -e ${flag} ]; then touch ${flag}; kill -9 $$; fi\nexec "${process.execPath}" "$@"\n`);
  chmodSync(program, 0o755);
  const { call, runner } = await openRunner('export const run = (input) => input;', { spare: false, paths: { node: program } });
  expect(await call('run', 'value')).toBe('value');
  expect(runner.counts()).toMatchObject({ failedStarts: 1, starts: 1 });
});

it('calls do not fail if the launcher is killed while their process starts', async () => {
  const file = join(tempFolder(), 'pids');
  const { call, runner } = await openRunner(SLOW(file));
  const running = call('run', 'value');
  await pidIn(file);
  process.kill(runner.pids().launcher!, 'SIGKILL');
  expect(await running).toBe('value');
});

it('code that kills its process whenever it is loaded is tried twice, and says so', async () => {
  const file = join(tempFolder(), 'pids');
  const code = `
import fs from 'node:fs';
fs.appendFileSync(${JSON.stringify(file)}, process.pid + '\\n');
process.kill(process.pid, 'SIGKILL');
export const run = () => 1;
`;
  const { call } = await openRunner(code);
  await expect(call('run')).rejects.toMatchObject({
    code: 'module_failed',
    message: 'its process was ended by SIGKILL while its code was loaded',
  });
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2);
});

it('code that ends its process in another way is tried once', async () => {
  const file = join(tempFolder(), 'pids');
  const code = `
import fs from 'node:fs';
fs.appendFileSync(${JSON.stringify(file)}, process.pid + '\\n');
process.exit(4);
export const run = () => 1;
`;
  const { call } = await openRunner(code);
  await expect(call('run')).rejects.toThrow('its process ended with exit code 4 while its code was loaded');
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
});
