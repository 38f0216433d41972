import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FileWatch } from '../../src/serve/config-watch.js';
import { stampOf, watchConfig } from '../../src/serve/config-watch.js';
import { TempFolder } from '../support.js';

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
      let newest = served;
      for (let edit = 1; edit <= 8; edit += 1) {
        failing = Math.floor(next() * 4);
        newest = `version ${edit} of ${seed}`;
        writeFileSync(file, newest);
        await sleep(next() * 120);
      }
      for (const end = Date.now() + 10_000; served !== newest && Date.now() < end;) await sleep(10);
      expect(served).toBe(newest);
      // What was read is not read again.
      const before = reads;
      await sleep(150);
      expect(reads).toBe(before);
    },
  );
});
