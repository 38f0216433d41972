/** Newer Python code takes the place of older code under load: no call fails, and each runs one version. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CodeLocator } from '@mcp-daemon/core';

import { tempFolder } from '../../../../tests/temp-folder.js';
import { until } from '../../../../tests/until.js';
import { contextOf, openRunner } from '../support.js';
import { PYTHON } from './child.js';

const VERSIONS = 4;
const CALLERS = 8;

const code = (version: number): string => `
import asyncio, time
def quick():
    return ${version}
def slow():
    before = quick()
    time.sleep(0.02)
    return [before, quick()]
async def later():
    before = quick()
    await asyncio.sleep(0.02)
    return [before, quick()]
`;

it('newer code takes the place of older code while calls run', async () => {
  const base = tempFolder();
  const file = join(base, 'm.py');
  writeFileSync(file, code(1));
  const digest = (): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  const locator: CodeLocator = {
    accepts: () => true,
    locate: async () => ({ runtime: 'python', root: base, file: null, digest: digest() }),
  };
  const { resolve, runner } = await openRunner('', { refreshMs: 10, paths: { python: PYTHON } }, { locators: [locator] });
  const functions = await Promise.all(['quick', 'slow', 'later'].map((name) => resolve(name)));
  let over = false;
  const seen = new Map<number, number>();
  /** The newest version that a call of a function has returned. Each function looks for newer code by itself. */
  const newest = functions.map(() => 0);
  const caller = async (index: number): Promise<void> => {
    for (let count = index; !over; count += 1) {
      const at = count % functions.length;
      const least = newest[at]!;
      const value: unknown = await functions[at]!.call({}, contextOf());
      // Values of Python come with their text in Python.
      const data = (typeof value === 'object' && value !== null && 'value' in value ? value.value : value) as number | number[];
      const [version = 0, ...others] = [data].flat();
      expect(others).toEqual(others.map(() => version));
      expect(version).toBeGreaterThanOrEqual(least);
      newest[at] = Math.max(newest[at]!, version);
      seen.set(version, (seen.get(version) ?? 0) + 1);
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, index) => caller(index));
  const running = Promise.all(callers);
  const all = async (): Promise<void> => {
    for (let version = 1; version <= VERSIONS; version += 1) {
      if (version > 1) writeFileSync(file, code(version));
      await until(
        () => (seen.get(version) ?? 0) >= 20,
        () => `20 calls of version ${version}`,
      );
    }
    over = true;
  };
  await Promise.race([Promise.all([running, all()]), running]);
  expect(over).toBe(true);
  expect([...seen.keys()].sort()).toEqual([1, 2, 3, 4]);
  expect(runner.counts()).toMatchObject({ swaps: VERSIONS - 1, failedSwaps: 0, crashes: 0 });
  await until(() => runner.pids().children.length === 1, 'the end of the processes of older code');
});
