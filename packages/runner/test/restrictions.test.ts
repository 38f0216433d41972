/** What processes may read, start and open, when that is restricted. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CodeLocation, CodeLocator } from '@mcp-daemon/core';

import { tempFolder } from '../../../tests/temp-folder.js';
import { PYTHON } from './python/child.js';
import { openRunner } from './support.js';

const JS = `
import fs from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
const attempt = (work) => { try { return work(); } catch (error) { return error.code; } };
export const reads = ({ path }) => attempt(() => fs.readFileSync(path, 'utf8'));
export const writes = ({ path }) => attempt(() => fs.writeFileSync(path, 'written'));
export const starts = () => attempt(() => spawn('true').pid);
export const threads = () => attempt(() => { new Worker('1', { eval: true }); });
export const listens = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => { server.close(); resolve('listens'); });
});
export const imports = async () => (await import('./other.mjs')).value;
export const opens = ({ count }) => {
  const files = [];
  try {
    for (let index = 0; index < count; index += 1) files.push(fs.openSync('/dev/null'));
    return 'all';
  } catch (error) {
    return error.code;
  } finally {
    files.forEach((file) => fs.closeSync(file));
  }
};
`;

describe("Node's permission model", () => {
  async function open(readable: readonly string[]) {
    const test = await openRunner(JS, { readable });
    test.write('export const value = 5;', 'other');
    writeFileSync(join(test.base, 'mine.txt'), 'mine');
    const elsewhere = tempFolder();
    writeFileSync(join(elsewhere, 'theirs.txt'), 'theirs');
    return { ...test, elsewhere };
  }

  it('lets code read its own folder, and nothing else', async () => {
    const { call, base, elsewhere } = await open([]);
    expect(await call('reads', { path: join(base, 'mine.txt') })).toBe('mine');
    expect(await call('imports')).toBe(5);
    expect(await call('reads', { path: join(elsewhere, 'theirs.txt') })).toBe('ERR_ACCESS_DENIED');
    expect(await call('reads', { path: '/etc/passwd' })).toBe('ERR_ACCESS_DENIED');
  });

  it('lets code read the paths of the setting', async () => {
    const { call, elsewhere } = await open([elsewhereOf()]);
    writeFileSync(join(elsewhereOf(), 'theirs.txt'), 'theirs');
    expect(await call('reads', { path: join(elsewhereOf(), 'theirs.txt') })).toBe('theirs');
    expect(await call('reads', { path: join(elsewhere, 'theirs.txt') })).toBe('ERR_ACCESS_DENIED');
  });

  it('lets code write no files, and start neither programs nor threads; connections stay possible', async () => {
    const { call, base } = await open([]);
    expect(await call('writes', { path: join(base, 'new.txt') })).toBe('ERR_ACCESS_DENIED');
    expect(existsSync(join(base, 'new.txt'))).toBe(false);
    expect(await call('starts')).toBe('ERR_ACCESS_DENIED');
    expect(await call('threads')).toBe('ERR_ACCESS_DENIED');
    expect(await call('listens')).toBe('listens');
  });

  it('has no spare process, and does without a folder for compiled code', async () => {
    const base = tempFolder();
    writeFileSync(join(base, 'm.mjs'), JS);
    const cache = join(tempFolder(), 'cache');
    const location: CodeLocation = { runtime: 'node', root: base, file: join(base, 'm.mjs'), cache, digest: 'd' };
    const locator: CodeLocator = { accepts: () => true, locate: async () => location };
    const { call, runner } = await openRunner('', { readable: [] }, { locators: [locator] });
    runner.prepare();
    expect(runner.counts()).toMatchObject({ starts: 0 });
    expect(await call('reads', { path: join(base, 'm.mjs') })).toBe(JS);
    expect(runner.counts()).toMatchObject({ starts: 1, children: 1 });
    expect(existsSync(cache)).toBe(false);
  });

  const other: { folder?: string } = {};
  const elsewhereOf = (): string => (other.folder ??= tempFolder());
});

describe('the limit of open files', () => {
  it('is that of the process: JavaScript', async () => {
    const { call } = await openRunner(JS, { openFiles: 60 });
    expect(await call('opens', { count: 20 })).toBe('all');
    expect(await call('opens', { count: 60 })).toBe('EMFILE');
    expect(await call('opens', { count: 20 })).toBe('all');
  });

  it('is that of the process: Python', async () => {
    const base = tempFolder();
    writeFileSync(
      join(base, 'm.py'),
      'def opens(count):\n    files = [open("/dev/null") for index in range(count)]\n    return len(files)\ndef reads(path):\n    return open(path).read()\n',
    );
    const locator: CodeLocator = {
      accepts: () => true,
      locate: async () => ({ runtime: 'python', root: base, file: null, digest: 'd' }),
    };
    const elsewhere = join(tempFolder(), 'theirs.txt');
    writeFileSync(elsewhere, 'theirs');
    const { call } = await openRunner('', { openFiles: 60, readable: [], paths: { python: PYTHON } }, { locators: [locator] });
    expect(await call('opens', { count: 20 })).toBe(20);
    await expect(call('opens', { count: 60 })).rejects.toThrow('OSError: [Errno 24] Too many open files');
    expect(await call('opens', { count: 20 })).toBe(20);
    // The permission model is Node's: docs/isolation.md says that it restricts JavaScript alone.
    expect(await call('reads', { path: elsewhere })).toBe('theirs');
  });

  it('leaves enough for the process itself from 30 on', async () => {
    const { call } = await openRunner(JS, { openFiles: 30, spare: false });
    expect(await call('opens', { count: 1 })).toBe('all');
  });
});
