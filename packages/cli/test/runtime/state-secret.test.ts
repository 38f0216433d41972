/** The secret in the data folder. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';

import { STATE_SECRET_FILE, stateSecretOf } from '../../src/runtime/state-secret.js';
import type { Settings } from '../../src/settings/settings.js';
import { TempFolder } from '../support.js';

describe('the secret of session ids', () => {
  let temp: TempFolder;
  beforeEach(() => (temp = new TempFolder()));
  afterEach(() => temp.remove());

  const secretOf = (settings: object = {}): ReturnType<typeof stateSecretOf> =>
    stateSecretOf({ store: 'sqlite', dataDir: temp.at('data'), ...settings } as Settings, {});
  const file = (): string => temp.at('data', STATE_SECRET_FILE);

  it('is made once, in a file that only its owner can read', async () => {
    const { secret } = secretOf();
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(await readFile(file(), 'utf8')).toBe(`${String(secret)}\n`);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(secretOf()).toEqual({ secret });
  });

  it('is that of the settings where they name one, and no file is made', async () => {
    expect(secretOf({ stateSecret: 'own' })).toEqual({ secret: 'own' });
    expect(secretOf({ store: 'memory' })).toEqual({ secret: undefined });
    expect(secretOf({ store: 'dynamodb' })).toEqual({ secret: undefined });
    await expect(stat(temp.at('data'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is random where the file holds something else, or cannot be made', async () => {
    await mkdir(temp.at('data'));
    await writeFile(file(), 'short');
    expect(secretOf()).toEqual({ secret: undefined, problem: expect.stringContaining('does not hold a secret') as string });
    await writeFile(temp.at('taken'), '');
    const { problem } = secretOf({ dataDir: temp.at('taken', 'below') });
    expect(problem).toContain('so sessions end with this process');
  });
});
