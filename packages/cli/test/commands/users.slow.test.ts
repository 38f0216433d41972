import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';

import { createLocalAuth } from '@mcp-daemon/express/local';

import type { Result, RunOptions } from '../support.js';
import { BIN, TempFolder } from '../support.js';

const PASSWORD = 'correct horse';
/** The hash of the password, with the lowest cost. */
const HASH = '$2b$04$P756rP3k0MgBQ0/8Yt28/O3LRg5PwYEHyYFGCmIKR4idPIF5sShBm';

async function logIn(temp: TempFolder, username: string, password: string): Promise<unknown> {
  const auth = await createLocalAuth({ userFile: temp.at('users.json'), jwtSecret: 'a secret of the tests' });
  return auth.login(username, password, '::1');
}

describe('users', () => {
  let temp: TempFolder;
  beforeEach(() => {
    temp = new TempFolder();
  });
  afterEach(() => temp.remove());

  const users = (args: readonly string[], options: RunOptions = {}): Promise<Result> => temp.run(['users', ...args], options);
  const add = (name: string, ...more: string[]): Promise<Result> =>
    users(['add', name, '--password-stdin', ...more], { input: `${PASSWORD}\n` });
  const fileOf = async (name = 'users.json'): Promise<Record<string, unknown>[]> =>
    JSON.parse(await temp.read(name)) as Record<string, unknown>[];
  const hashOf = async (index = 0): Promise<string> => String((await fileOf())[index]!['password_hash']);
  const contains = (text: string): string => expect.stringContaining(text) as string;

  it('add writes a private file with a hash, and the user can log in', async () => {
    expect(await add('ann')).toEqual({ code: 0, signal: null, stdout: 'added ann to users.json\n', stderr: '' });
    expect(await fileOf()).toEqual([{ username: 'ann', password_hash: expect.stringMatching(/^\$2b\$12\$/), roles: ['user'] }]);
    expect((await stat(temp.at('users.json'))).mode & 0o777).toBe(0o600);
    expect(await logIn(temp, 'ann', PASSWORD)).toHaveProperty('accessToken');
  });

  it('add takes roles and partitions, each once', async () => {
    const [role, partition] = ['--role', '--partition'];
    await add('bob', role, 'user', role, 'viewer', role, 'user', partition, 'default', partition, 'alpha#one');
    expect(await fileOf()).toMatchObject([{ roles: ['user', 'viewer'], partitions: ['default', 'alpha#one'] }]);
  });

  it('the users file is that of the flag, of the variable, or users.json', async () => {
    const env = { LOCAL_USER_FILE: temp.at('by-env.json') };
    const input = PASSWORD;
    await users(['add', 'ann', '--password-stdin', '--local-user-file', 'by-flag.json'], { env, input });
    await users(['add', 'bob', '--password-stdin'], { env, input });
    expect([await fileOf('by-flag.json'), await fileOf('by-env.json')]).toMatchObject([
      [{ username: 'ann' }],
      [{ username: 'bob' }],
    ]);
  });

  it('list prints a table, or JSON with --json', async () => {
    expect(await users(['list'])).toMatchObject({ code: 0, stdout: '', stderr: contains('no users in users.json yet') });
    expect(await users(['list', '--json'])).toMatchObject({ code: 0, stdout: '[]\n' });
    await temp.write('users.json', [
      { username: 'ann', password_hash: HASH, roles: ['user'], partitions: ['default', 'alpha'] },
      { username: 'root', password_hash: HASH, roles: ['admin', 'user'] },
      { username: 'a\u202eb', password_hash: HASH, roles: [] },
    ]);
    const listed = await users([]);
    expect(listed.stdout.split('\n').map((line) => line.trim())).toEqual([
      expect.stringMatching(/^USERNAME\s+ROLES\s+PARTITIONS\s+SCOPES$/),
      expect.stringMatching(/^ann\s+user\s+default, alpha$/),
      expect.stringMatching(/^root\s+admin, user\s+all\s+all$/),
      expect.stringMatching(/^a\\u202eb\s+default$/),
      '',
    ]);
    expect(JSON.parse((await users(['list', '--json'])).stdout)).toEqual([
      { username: 'ann', roles: ['user'], partitions: ['default', 'alpha'] },
      { username: 'root', roles: ['admin', 'user'], partitions: ['default'] },
      { username: 'a\u202eb', roles: [], partitions: ['default'] },
    ]);
    expect(listed.stdout).not.toContain('$2b$');
  });

  it('passwd changes the password and nothing else', async () => {
    await add('ann', '--role', 'viewer');
    const before = await hashOf();
    const changed = await users(['passwd', 'ann', '--password-stdin'], { input: 'another password\r\nignored\n' });
    expect(changed).toMatchObject({ code: 0, stdout: contains('changed the password of ann') });
    expect(await hashOf()).not.toBe(before);
    expect(await logIn(temp, 'ann', 'another password')).toHaveProperty('accessToken');
    expect(await fileOf()).toMatchObject([{ username: 'ann', roles: ['viewer'] }]);
  });

  it('remove needs --yes where there is no terminal', async () => {
    await add('ann');
    await add('bob');
    expect(await users(['remove', 'ann'])).toMatchObject({ code: 2, stderr: contains('Pass --yes') });
    expect(await fileOf()).toHaveLength(2);
    expect(await users(['remove', 'ann', '--yes'])).toMatchObject({ code: 0, stdout: 'removed ann from users.json\n' });
    expect(await fileOf()).toMatchObject([{ username: 'bob' }]);
  });

  it('existing and unknown users are reported, with a suggestion', async () => {
    await add('annabel');
    expect(await add('annabel')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: contains('user "annabel" already exists in users.json'),
    });
    for (const command of [
      ['passwd', 'anabel', '--password-stdin'],
      ['remove', 'anabel', '-y'],
    ])
      expect(await users(command)).toMatchObject({
        code: 1,
        stderr: 'mcp-daemon: no user "anabel" in users.json; did you mean "annabel"?\n',
      });
    expect(await users(['remove', 'zoe', '-y'])).toMatchObject({
      code: 1,
      stderr: 'mcp-daemon: no user "zoe" in users.json\n',
    });
  });

  it.each<[string[], string | undefined, string]>([
    [['add', 'ann'], 'short', 'at least 8 characters'],
    [['add', 'ann'], 'ä'.repeat(37), 'at most 72 bytes'],
    [['add', 'ann'], '', 'the first line of stdin is empty'],
    [['add', 'ann'], '\nsecond line', 'the first line of stdin is empty'],
    [['add', 'a\nb'], PASSWORD, 'a username must be'],
    [['add', 'x'.repeat(257)], PASSWORD, 'a username must be'],
    [['add', ''], PASSWORD, 'a username must be'],
    [['add', ' ann'], PASSWORD, 'begin or end with a space'],
    [['add', 'ann', '--partition', 'a/b'], PASSWORD, 'partitions must be'],
    [['add', 'ann', '--role', 'gardener'], PASSWORD, '--role: must be admin, user or viewer, not "gardener"'],
    [['add'], PASSWORD, 'missing argument <username>: name of the user'],
    [['add', 'ann', 'bob'], PASSWORD, 'unexpected argument "bob" for "users add"'],
    [['add', 'ann', '--password', 'x'], PASSWORD, 'unknown flag --password for "users add"; did you mean "--password-stdin"?'],
    [['ad', 'ann'], PASSWORD, 'unknown command "users ad"; did you mean "add"?'],
    [['remove', 'ann'], PASSWORD, 'unknown flag --password-stdin for "users remove"'],
  ])('%j with password %j exits with 2 and writes nothing', async (args, input, message) => {
    const result = await users([...args, '--password-stdin'], input === undefined ? {} : { input });
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: contains(message) });
    expect(result.stderr).not.toContain('    at ');
    if (input !== undefined && input !== '') expect(result.stderr).not.toContain(input);
    await expect(stat(temp.at('users.json'))).rejects.toThrow('ENOENT');
  });

  it('a password that is not UTF-8 is refused', async () => {
    const input = Buffer.from('p\u00e4ssw\u00f6rter', 'latin1') as never;
    expect(await users(['add', 'ann', '--password-stdin'], { input })).toMatchObject({ code: 2, stderr: contains('not UTF-8') });
  });

  it('add needs --password-stdin where there is no terminal', async () => {
    expect(await users(['add', 'ann'], { input: PASSWORD })).toMatchObject({
      code: 2,
      stderr: contains('pass --password-stdin'),
    });
  });

  it('the errors of an invalid users file are reported, and the file is not changed', async () => {
    await temp.write('users.json', '[{"username": "ann"}]');
    const result = await add('bob');
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: contains('password_hash') });
    expect(await temp.read('users.json')).toBe('[{"username": "ann"}]');
    expect(await users(['list'])).toMatchObject({ code: 2 });
  });

  it('a users file that cannot be written is reported', async () => {
    await temp.write('file', '');
    const result = await users(['add', 'ann', '--password-stdin', '--local-user-file', 'file/users.json'], { input: PASSWORD });
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/^(mcp-daemon: )?file\/users\.json/);
    expect(result.stderr).not.toContain('    at ');
  });

  it('concurrent changes are all saved', async () => {
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => add(name)));
    expect((await fileOf()).map(({ username }) => username).sort()).toEqual(names);
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('users, on a terminal', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  /** Runs a command on a terminal, and types each answer when its question is shown. */
  async function converse(args: readonly string[], answers: [question: string, answer: string][]): Promise<Result> {
    const command = [process.execPath, BIN, 'users', ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: temp.path, env: temp.env({ NO_COLOR: '1' }) });
    let stdout = '';
    let seen = 0;
    const left = [...answers];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const [next] = left;
      const at = next === undefined ? -1 : stdout.indexOf(next[0], seen);
      if (next === undefined || at === -1) return;
      left.shift();
      seen = at + next[0].length;
      child.stdin.write(next[1]);
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, signal: null, stdout, stderr: '' };
  }

  it('add asks twice and does not show the password', async () => {
    const { code, stdout } = await converse(
      ['add', 'ann'],
      [
        ['Password for ann: ', `${PASSWORD}\r`],
        ['Repeat password: ', `${PASSWORD}\r`],
      ],
    );
    expect([code, stdout]).toEqual([0, 'Password for ann: \r\nRepeat password: \r\nadded ann to users.json\r\n']);
    expect(await logIn(temp, 'ann', PASSWORD)).toHaveProperty('accessToken');
  });

  it('two lines that are pasted at once answer both questions', async () => {
    const { code, stdout } = await converse(['add', 'bob'], [['Password for bob: ', `${PASSWORD}\r${PASSWORD}\r`]]);
    expect([code, stdout.includes(PASSWORD)]).toEqual([0, false]);
  });

  it.each<[string, [string, string][], string]>([
    ['two different passwords', [['Password for zoe: ', 'one password\r'], ['Repeat password: ', 'another password\r']], 'do not match'], // prettier-ignore
    ['Ctrl-C', [['Password for zoe: ', 'one pass\u0003']], 'no password entered'],
    ['Ctrl-D at the second', [['Password for zoe: ', 'one password\r'], ['Repeat password: ', '\u0004']], 'no password entered'], // prettier-ignore
  ])('%s: nothing changes', async (_what, answers, message) => {
    const { code, stdout } = await converse(['add', 'zoe'], answers);
    expect([code, stdout]).toEqual([1, expect.stringContaining(message)]);
    expect(stdout).not.toContain('one pass');
    expect(await temp.read('users.json')).not.toContain('zoe');
  });

  it('a password that is too short is refused before it has to be repeated', async () => {
    const { code, stdout } = await converse(['add', 'zoe'], [['Password for zoe: ', 'short\r']]);
    expect([code, stdout]).toEqual([2, expect.stringContaining('at least 8 characters')]);
    expect(stdout).not.toContain('Repeat password');
    expect(await temp.read('users.json')).not.toContain('zoe');
  });

  it('remove asks for confirmation', async () => {
    await temp.run(['users', 'add', 'eve', '--password-stdin'], { input: PASSWORD });
    const refused = await converse(['remove', 'eve'], [['Remove eve from users.json? [y/N] ', 'n\r']]);
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('Nothing was removed.')]);
    expect(await temp.read('users.json')).toContain('eve');
    const done = await converse(['remove', 'eve'], [['[y/N] ', 'y\r']]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('removed eve')]);
    expect(await temp.read('users.json')).not.toContain('eve');
  });
});
