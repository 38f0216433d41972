/** A file that is followed: every change is loaded, whatever failed before. */
import { writeFile } from 'node:fs/promises';

import { jest } from '@jest/globals';
import fc from 'fast-check';

import { textOf, versionOf } from '../../../src/auth/local/user-storage.js';
import { openUsers } from '../../../src/auth/local/users.js';
import type { FileReader } from '../../../src/auth/local/watched-file.js';
import { watchFile } from '../../../src/auth/local/watched-file.js';
import { USERS, usersFile } from '../support.js';

afterEach(() => jest.restoreAllMocks());

const emfile = (): Error => Object.assign(new Error('cannot be read: EMFILE'), { code: 'EMFILE' });

const STEP = fc.record({
  write: fc.option(fc.constantFrom('good', 'bad'), { nil: undefined }),
  fails: fc.constantFrom('nothing', 'nothing', 'stat', 'read'),
  passes: fc.constantFrom(0, 100, 1_100),
});

describe('a file that is followed', () => {
  it('is loaded at the first check that can read it, in every order of changes and failures', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 30 }), async (steps) => {
        let now = 10_000;
        const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
        let [version, read, fails, text, good, loaded] = [0, 0, 'nothing', '0', '0', ''];
        const disk: FileReader = {
          versionOf: async () => (fails === 'stat' ? Promise.reject(emfile()) : String(version)),
          textOf: async () => (fails === 'read' ? Promise.reject(emfile()) : text),
        };
        const load = (found: string | undefined): void => {
          if (found === 'bad') throw new Error('mistakes');
          loaded = found ?? '';
        };
        const file = await watchFile({ file: 'f', what: 'it', load, changed: () => undefined, logger: undefined, disk });
        let failed = false;
        for (const step of steps) {
          if (step.write !== undefined) {
            version += 1;
            text = step.write === 'bad' ? 'bad' : String(version);
            if (text !== 'bad') good = text;
          }
          fails = step.fails;
          now += step.passes;
          const due = failed || step.passes >= 1_000;
          const waiting = file.refresh();
          await waiting;
          // A version that was read before is not read again, so that reading it cannot fail.
          if (waiting !== undefined) failed = fails === 'stat' || (fails === 'read' && version !== read);
          if (waiting !== undefined && !failed) read = version;
          if (due && fails === 'nothing' && text !== 'bad') expect(loaded).toBe(good);
        }
        fails = 'nothing';
        now += 1_001;
        await file.refresh();
        if (text !== 'bad') expect(loaded).toBe(text);
        clock.mockRestore();
      }),
      { numRuns: 300 },
    );
  });

  it('is read again at the next request, not only at its next change, where it could not be read', async () => {
    const file = await usersFile();
    let full = false;
    const disk: FileReader = { versionOf, textOf: (path) => (full ? Promise.reject(emfile()) : textOf(path)) };
    const users = await openUsers(file, () => undefined, undefined, disk);
    full = true;
    await writeFile(file, JSON.stringify(USERS.filter(({ username }) => username !== 'eve')));
    const later = performance.now() + 1_001;
    jest.spyOn(performance, 'now').mockImplementation(() => later);
    await users.refresh();
    expect(users.find('eve')).toBeDefined();
    full = false;
    await users.refresh();
    expect(users.find('eve')).toBeUndefined();
  });

  it.each(['', '[{"username": "a'])('may be being saved, and then is read again without an error (%j)', async (half) => {
    let now = 10_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const file = await usersFile();
    const errors: object[] = [];
    const users = await openUsers(file, () => undefined, { error: (fields) => void errors.push(fields) });
    now += 1_000;
    await writeFile(file, half);
    await users.refresh();
    expect(users.find('eve')).toBeDefined();
    await writeFile(file, JSON.stringify(USERS.filter(({ username }) => username !== 'eve')));
    await users.refresh(); // the next request, at the same moment
    expect(users.find('eve')).toBeUndefined();
    expect(errors).toEqual([]);
    now += 1_000;
    await writeFile(file, half);
    await users.refresh();
    now += 1_000;
    await users.refresh();
    expect(errors).toEqual([{ error: expect.stringContaining('is not JSON') }]);
  });
});
