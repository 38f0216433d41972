/** Limits of a module: real processes that reach them. */
import type { ProcessLimits } from '@mcp-daemon/core';

import { contextOf, openRunner } from './support.js';

const CODE = `
import fs from 'node:fs';
import { getHeapStatistics } from 'node:v8';
export const pid = () => process.pid;
export const heap = () => Math.round(getHeapStatistics().heap_size_limit / 1024 / 1024);
export const fills = () => { const all = []; for (;;) all.push(Buffer.alloc(1_000_000, 1)); };
export const computes = () => { for (;;); };
export const opens = () => {
  const files = [];
  try {
    for (let index = 0; index < 200; index += 1) files.push(fs.openSync('/dev/null'));
    return 'all';
  } catch (error) {
    return error.code;
  } finally {
    files.forEach((file) => fs.closeSync(file));
  }
};
`;

describe('limits of a module', () => {
  const open = async (server: Parameters<typeof openRunner>[1] = {}) => {
    const test = await openRunner(CODE, server);
    const call = async (name: string, limits?: ProcessLimits): Promise<unknown> =>
      (await test.resolve(name, limits === undefined ? {} : { limits })).call({}, contextOf());
    return { ...test, call };
  };

  it('bound the heap, the memory, the CPU time and the open files of its process', async () => {
    const { call } = await open();
    // V8 adds the young generation to the limit: up to three times 16 MB, and on Node 24 three times 64.
    const heap = await call('heap', { heap_mb: 64 });
    expect(heap).toBeLessThan(300);
    expect(heap).toBeLessThan((await call('heap')) as number);
    if (process.platform === 'linux')
      await expect(call('fills', { memory_mb: 120 })).rejects.toThrow('used more than 120 MB of memory');
    await expect(call('computes', { cpu_seconds: 1 })).rejects.toThrow('used more than 1 s of CPU time');
    expect(await call('opens', { open_files: 64 })).toBe('EMFILE');
    expect(await call('opens')).toBe('all');
  });

  it('are of its process alone: functions with others run in another one', async () => {
    const { call } = await open();
    const [one, same, other, none] = [
      await call('pid', { heap_mb: 64 }),
      await call('pid', { heap_mb: 64 }),
      await call('pid', { heap_mb: 96 }),
      await call('pid'),
    ];
    expect(same).toBe(one);
    expect(new Set([one, other, none]).size).toBe(3);
  });

  it('never raise what the server allows', async () => {
    const { call } = await open({ heapMb: 64, openFiles: 64 });
    expect(await call('heap', { heap_mb: 4_000 })).toBeLessThan(300);
    expect(await call('opens', { open_files: 100_000 })).toBe('EMFILE');
  });
});
