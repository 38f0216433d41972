import { readFileSync, writeFileSync } from 'node:fs';

import { jest } from '@jest/globals';

import { readConfigFile } from '../../src/runtime/config-file.js';
import type { FileWatch } from '../../src/serve/config-watch.js';
import { stampOf, watchConfig } from '../../src/serve/config-watch.js';
import { watchConfigFile } from '../../src/serve/serving.js';
import { TempFolder, toolsConfig, until } from '../support.js';

/** A generator of numbers from 0 to 1 that gives the same ones for a seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe('a watched config file', () => {
  const temp = new TempFolder();
  let watch: FileWatch | undefined;
  afterEach(() => watch?.close());
  afterAll(() => temp.remove());

  it.each([1, 2, 3, 4])(
    'is served in its newest version after any order of reads that fail and succeed (seed %i)',
    async (seed) => {
      const next = random(seed);
      const file = await temp.write(`${seed}.json`, 'version 0');
      let served = 'version 0';
      let failing = 0;
      let reads = 0;
      const intervals = jest.spyOn(globalThis, 'setInterval');
      watch = watchConfig(
        file,
        stampOf(file),
        () => {
          reads += 1;
          // As where the process has no file descriptors left for a while.
          if (failing > 0) {
            failing -= 1;
            return false;
          }
          served = readFileSync(file, 'utf8');
          return true;
        },
        20,
      );
      const look = intervals.mock.calls.find(([, ms]) => ms === 20)?.[0] as () => void;
      intervals.mockRestore();
      let newest = served;
      for (let edit = 1; edit <= 8; edit += 1) {
        failing = Math.floor(next() * 4);
        newest = `version ${edit} of ${seed}`;
        writeFileSync(file, newest);
        // The next edit comes at once, when this one was tried to be read, or when it is served.
        const [before, moment] = [reads, next() * 3];
        if (moment > 2) await until(() => served === newest);
        else if (moment > 1) await until(() => reads > before);
      }
      await until(() => served === newest);
      // What was read is not read again.
      const timers = jest.spyOn(globalThis, 'setTimeout');
      for (let count = 0; count < 3; count += 1) look();
      expect(timers).not.toHaveBeenCalled();
      timers.mockRestore();
    },
  );
});

describe('a config file that is being saved', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it.each(['', '{ "tools": [ {"name": "o'])('is read again without an error (%j)', async (half) => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const whole = (name: string): string => JSON.stringify(toolsConfig('functions', name));
    const file = await temp.write('mcp.json', whole('one'));
    const opened = { file, stamp: stampOf(file), config: readConfigFile(file) };
    const lines: string[] = [];
    const log = (_: object, message: string): void => void lines.push(message);
    const logger = { ...{ trace: log, debug: log, info: log, warn: log, error: log, fatal: log }, flush: () => undefined };
    const served: (string | undefined)[] = [];
    const watching = watchConfigFile(opened, (next) => void served.push(next.functions[0]?.name), logger);
    writeFileSync(file, half);
    await until(() => lines.some((line) => line.includes('may be being saved')));
    writeFileSync(file, whole('two'));
    await until(() => served.length > 0);
    expect(served).toEqual(['two']);
    expect(lines.filter((line) => line.includes('errors'))).toEqual([]);
    // One that stays so has a mistake.
    writeFileSync(file, half);
    clock.mockRestore();
    await until(() => lines.some((line) => line.includes('the config file has errors')));
    watching.close();
  });
});
