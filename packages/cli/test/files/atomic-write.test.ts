import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';

import { writeFileAtomically } from '../../src/files/atomic-write.js';
import { TempFolder } from '../support.js';

/** A rename that fails, as over a file that is mounted by itself. */
const failing = (code: string) => () => {
  throw Object.assign(new Error(`${code}: rename`), { code });
};

describe('a file that is written atomically', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it.each(['EBUSY', 'EXDEV', 'EPERM'])('is written in place where renaming fails with %s', (code) => {
    const file = temp.at(`${code}.json`);
    writeFileSync(file, 'a longer old text');
    const { ino } = statSync(file);
    writeFileAtomically(file, 'new', { rename: failing(code) });
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).ino).toBe(ino);
    expect(readdirSync(temp.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('stays as it is where renaming fails for another reason', () => {
    const file = temp.at('other.json');
    writeFileSync(file, 'old');
    expect(() => writeFileAtomically(file, 'new', { rename: failing('EIO') })).toThrow('EIO');
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  it('is not created in place', () => {
    expect(() => writeFileAtomically(temp.at('none.json'), 'new', { rename: failing('EBUSY') })).toThrow('EBUSY');
  });
});
