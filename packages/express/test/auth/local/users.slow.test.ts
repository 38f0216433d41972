/** The users file: its content, how it is written, and when it is read. */
import { chmod, mkdir, open, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { DaemonError } from '@mcp-daemon/core';
import { createUserFile } from '@mcp-daemon/express/local';
import bcrypt from 'bcrypt';

import { replaceText } from '../../../src/auth/local/user-storage.js';
import { passTime, until } from '../../support.js';
import { folder, HASH, localAuth, PASSWORD, USERS, usersFile } from '../support.js';

const entry = (more: object = {}): object => ({ username: 'ann', password_hash: HASH, roles: ['user'], ...more });

describe('a users file with mistakes', () => {
  it.each<[string, unknown, string]>([
    ['no JSON', '[{"username": "ann", "password_hash": "hunter22"', '$: is not JSON'],
    ['nothing', '', '$: is not JSON'],
    ['no array', { users: [] }, '$: must be an array of users'],
    ['an entry that is no object', [entry(), null], '$[1]: must be an object'],
    ['no username', [entry({ username: undefined })], '$[0].username: must be a string'],
    ['an empty username', [entry({ username: '' })], '$[0].username: must be a string'],
    ['a username with a line break', [entry({ username: 'a\nb' })], '$[0].username: must be a string'],
    ['a username that is too long', [entry({ username: 'a'.repeat(257) })], '$[0].username: must be a string'],
    ['a username twice', [entry(), entry()], '$[1].username: is also the username of $[0]'],
    ['a password in place of its hash', [entry({ password_hash: 'hunter22' })], '$[0].password_hash: must be a bcrypt hash'],
    ['a hash that takes days', [entry({ password_hash: HASH.replace('$04$', '$31$') })], '$[0].password_hash: must be'],
    ['no roles', [entry({ roles: undefined })], '$[0].roles: must be an array of strings'],
    ['roles that are no list', [entry({ roles: 'admin' })], '$[0].roles: must be an array of strings'],
    ['partitions that are none', [entry({ partitions: ['a/b'] })], '$[0].partitions: must be an array of partitions'],
    ['partitions of three parts', [entry({ partitions: ['a#b#c'] })], '$[0].partitions: must be an array of partitions'],
    ['keys that are misspelt', [entry({ partition: ['hunter22'] })], '$[0]: has other keys than'],
  ])('is refused at the start, with the path of the mistake: %s', async (_what, users, message) => {
    const userFile = await usersFile(users);
    const started = localAuth({ userFile });
    await expect(started).rejects.toMatchObject({ code: 'config_invalid', file: userFile });
    await expect(started).rejects.toThrow(`  ${message}`);
    await expect(started).rejects.not.toThrow('hunter22');
    await expect(createUserFile(userFile).listUsers()).rejects.toThrow(message);
  });

  it('is refused with all its mistakes at once', async () => {
    const started = localAuth({ userFile: await usersFile([entry({ roles: 1 }), 2, entry({ username: 3 })]) });
    await expect(started).rejects.toMatchObject({
      mistakes: [{ path: '$[0].roles' }, { path: '$[1]' }, { path: '$[2].username' }],
    });
  });

  it('is refused where it is a folder', async () => {
    await expect(localAuth({ userFile: await folder() })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('a users file that changes', () => {
  it('is read again; a version with mistakes is ignored, and a missing file means that there are no users', async () => {
    const userFile = await usersFile();
    const logged: string[] = [];
    const auth = await localAuth({ userFile, logger: { error: (fields) => logged.push(JSON.stringify(fields)) } });
    const works = async (username: string): Promise<boolean> => 'accessToken' in (await auth.login(username, PASSWORD, username));
    expect(await works('ann')).toBe(true);
    expect(await works('new')).toBe(false);
    await writeFile(userFile, JSON.stringify([...USERS, entry({ username: 'new' })]));
    passTime(1_001);
    expect(await works('new')).toBe(true);
    await writeFile(userFile, '[{"username": "hunter22"');
    passTime(1_001);
    expect(await works('new')).toBe(true);
    passTime(1_001);
    expect(await works('ann')).toBe(true);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(`${userFile}: 1 mistake`);
    expect(logged[0]).not.toContain('hunter22');
    await rm(userFile);
    passTime(1_001);
    expect(await works('ann')).toBe(false);
  });

  it('may have bcrypt hashes of other programs', async () => {
    const others = ['$2a$', '$2b$', '$2y$'].map((kind) => entry({ username: kind, password_hash: HASH.replace('$2b$', kind) }));
    const auth = await localAuth({ userFile: await usersFile(`\uFEFF${JSON.stringify(others)}`) });
    for (const kind of ['$2a$', '$2b$', '$2y$']) {
      expect(await auth.login(kind, PASSWORD, '::1')).toHaveProperty('accessToken');
      expect(await auth.login(kind, `${PASSWORD}!`, '::1')).toMatchObject({ status: 401 });
    }
  });
});

describe('a change of the users file', () => {
  it('adds, lists, changes and removes users, and keeps the file private to its owner', async () => {
    const file = join(await folder(), 'deep', 'users.json');
    const users = createUserFile(file);
    expect(await users.listUsers()).toEqual([]);
    await users.addUser({ username: 'ann', password: 'first password' });
    await users.addUser({ username: 'bob', password: 'first password', roles: ['viewer'], partitions: ['alpha#one'] });
    expect(await users.listUsers()).toEqual([
      { username: 'ann', roles: ['user'], partitions: ['default'] },
      { username: 'bob', roles: ['viewer'], partitions: ['alpha#one'] },
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const saved = JSON.parse(await readFile(file, 'utf8')) as { username: string; password_hash: string }[];
    expect(Object.keys(saved[0]!)).toEqual(['username', 'password_hash', 'roles']);
    expect(await bcrypt.compare('first password', saved[0]!.password_hash)).toBe(true);
    expect(bcrypt.getRounds(saved[0]!.password_hash)).toBe(12);

    await chmod(file, 0o644);
    await users.setPassword('bob', 'second password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const changed = JSON.parse(await readFile(file, 'utf8')) as { username: string; password_hash: string }[];
    expect(changed[0]).toEqual(saved[0]);
    expect(await bcrypt.compare('second password', changed[1]!.password_hash)).toBe(true);
    await users.removeUser('ann');
    expect((await users.listUsers()).map(({ username }) => username)).toEqual(['bob']);
    expect(await readdir(join(file, '..'))).toEqual(['users.json']);
  });

  it.each<[string, (users: ReturnType<typeof createUserFile>) => Promise<unknown>, RegExp]>([
    [
      'adding a user who exists',
      (users) => users.addUser({ username: 'ann', password: 'long enough' }),
      /already has a user of that name/,
    ],
    ['removing a user who does not exist', (users) => users.removeUser('nobody'), /has no user of that name/],
    [
      'a password of a user who does not exist',
      (users) => users.setPassword('nobody', 'long enough'),
      /has no user of that name/,
    ],
    ['a short password', (users) => users.setPassword('ann', 'hunter2'), /at least 8 characters/],
    ['a password that bcrypt would cut', (users) => users.setPassword('ann', 'ä'.repeat(37)), /at most 72 bytes/],
    ['a password with NUL', (users) => users.setPassword('ann', 'hunter22\0'), /NUL/],
    ['no name', (users) => users.addUser({ username: '', password: 'long enough' }), /username must be/],
    ['no roles', (users) => users.addUser({ username: 'x', password: 'long enough', roles: [''] }), /roles must be/],
    [
      'odd partitions',
      (users) => users.addUser({ username: 'x', password: 'long enough', partitions: ['a b'] }),
      /partitions must/,
    ],
  ])('is refused and leaves the file unchanged: %s', async (_what, change, message) => {
    const file = await usersFile();
    const before = await readFile(file, 'utf8');
    const changing = change(createUserFile(file));
    await expect(changing).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    await expect(changing).rejects.not.toThrow('hunter2');
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(await readdir(join(file, '..'))).toEqual(['users.json']);
  });

  it('does not overwrite a file with mistakes', async () => {
    const file = await usersFile('[{]');
    await expect(createUserFile(file).addUser({ username: 'x', password: 'long enough' })).rejects.toThrow('is not JSON');
    expect(await readFile(file, 'utf8')).toBe('[{]');
  });

  it('is not lost when there are many at once', async () => {
    const file = await usersFile([]);
    const names = Array.from({ length: 6 }, (_, index) => `user-${index}`);
    await Promise.all(names.map((username) => createUserFile(file).addUser({ username, password: 'long enough' })));
    expect((await createUserFile(file).listUsers()).map(({ username }) => username).sort()).toEqual(names);
  });

  it('waits for the lock of another program, but not for that of a program that has died', async () => {
    const file = await usersFile();
    await writeFile(`${file}.lock`, '');
    let tries = 0;
    const create = ((...given: Parameters<typeof open>) => ((tries += 1), open(...given))) as typeof open;
    const changing = replaceText(file, () => '[]', { create });
    await until(() => tries >= 3);
    expect(await createUserFile(file).listUsers()).toHaveLength(USERS.length);
    await rm(`${file}.lock`);
    await changing;
    expect(await createUserFile(file).listUsers()).toEqual([]);
    await writeFile(file, JSON.stringify(USERS));
    await writeFile(`${file}.lock`, '');
    await utimes(`${file}.lock`, 1, 1);
    await createUserFile(file).removeUser('bob');
    expect(await createUserFile(file).listUsers()).toHaveLength(USERS.length - 1);
  });

  it('removes the lock of a dead program, but never that of another writer', async () => {
    for (let round = 0; round < 40; round += 1) {
      const file = await usersFile([]);
      await writeFile(`${file}.lock`, '');
      await utimes(`${file}.lock`, 1, 1);
      const more = (text: string | undefined): string => `${JSON.stringify([...(JSON.parse(text ?? '') as number[]), 1])}`;
      await Promise.all(Array.from({ length: 10 }, () => replaceText(file, more)));
      expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(10);
      expect(await readdir(dirname(file))).toEqual(['users.json']);
    }
  });

  const failure = (code: string) => (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
  const longer = (text: string | undefined): string => `${text ?? ''}, longer`;
  const shorter = (text: string | undefined): string => (text ?? '').slice(0, 2);

  it.each(['EBUSY', 'EXDEV', 'EPERM'])(
    'is written in place where it is mounted by itself: renaming fails with %s',
    async (code) => {
      const file = join(await folder(), 'users.json');
      await writeFile(file, 'old text', { mode: 0o640 });
      const { ino } = await stat(file);
      for (const [change, expected] of [
        [longer, 'old text, longer'],
        [shorter, 'ol'],
      ] as const) {
        await replaceText(file, change, { move: failure(code) });
        expect(await readFile(file, 'utf8')).toBe(expected);
      }
      expect(await stat(file)).toMatchObject({ ino, mode: 0o100_640 });
      expect(await readdir(dirname(file))).toEqual(['users.json']);
    },
  );

  it.each(['EACCES', 'EROFS'])('is written in place where its folder takes no other file: %s', async (code) => {
    const file = join(await folder(), 'users.json');
    const options = { create: failure(code) };
    await expect(replaceText(file, longer, options)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining(code),
    });
    await writeFile(file, '0');
    await Promise.all(Array.from({ length: 10 }, () => replaceText(file, (text) => String(Number(text) + 1), options)));
    expect(await readFile(file, 'utf8')).toBe('10');
    const refuses = (): never => {
      throw new DaemonError('usage', 'no');
    };
    await expect(replaceText(file, refuses, options)).rejects.toMatchObject({ code: 'usage' });
    expect(await readFile(file, 'utf8')).toBe('10');
  });

  it('is unchanged, and nothing is left beside it, where renaming fails for another reason', async () => {
    const file = join(await folder(), 'users.json');
    await writeFile(file, 'old text');
    await expect(replaceText(file, longer, { move: failure('EIO') })).rejects.toMatchObject({ code: 'store_failed' });
    expect(await readFile(file, 'utf8')).toBe('old text');
    expect(await readdir(dirname(file))).toEqual(['users.json']);
  });

  it('fails with an error where the file cannot be written', async () => {
    const file = join(await folder(), 'users.json');
    await mkdir(file);
    await expect(createUserFile(file).addUser({ username: 'x', password: 'long enough' })).rejects.toMatchObject({
      message: expect.stringContaining(file),
    });
    const below = join(await usersFile(), 'users.json');
    await expect(createUserFile(below).removeUser('x')).rejects.toThrow(/cannot be (read|written)/);
  });

  it('keeps a symbolic link', async () => {
    const file = await usersFile();
    const link = join(await folder(), 'link.json');
    await symlink(file, link);
    await createUserFile(link).removeUser('ann');
    expect(await createUserFile(file).listUsers()).toHaveLength(USERS.length - 1);
  });

  it('takes effect at once in the process that makes it', async () => {
    const auth = await localAuth();
    await auth.users.addUser({ username: 'new', password: 'long enough' });
    expect(await auth.login('new', 'long enough', '::1')).toHaveProperty('accessToken');
    await auth.users.removeUser('new');
    expect(await auth.login('new', 'long enough', '::1')).toMatchObject({ status: 401 });
  });
});
