import type { StoredFolder } from './stored-support.js';
import { classConfig, storedFolder } from './stored-support.js';

const ACME = ['--partition', 'acme'];
const EMPTY = { code: 1, stdout: '' };

interface Entry {
  id: string;
  revision: string;
  action: string;
  author: string;
  note: string | null;
  created_at: string;
}

describe.each(['sqlite', 'dynamodb'] as const)('revisions in %s', (kind) => {
  let stored: StoredFolder;
  const run = (...args: string[]) => stored.run(args);
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run(...args, '--json')).stdout) as T;
  const history = (): Promise<Entry[]> => json<Entry[]>('config', 'history', ...ACME);

  beforeEach(async () => {
    stored = await storedFolder(kind);
    await stored.folder.write('one.json', classConfig('a', 'b'));
    await stored.folder.write('two.json', classConfig('b', 'c'));
  });

  afterEach(() => stored.stop());

  it('an empty store has nothing, and commands say so', async () => {
    expect(await run('partitions', 'list')).toMatchObject({ code: 0, stdout: '' });
    expect(await json('partitions')).toEqual([]);
    expect(await json('config', 'history')).toEqual([]);
    expect(await json('settings', 'list')).toEqual([]);
    const status = await run('config', 'status', ...ACME);
    expect(status).toMatchObject(EMPTY);
    expect(status.stderr).toBe('mcp-daemon: there is no partition "acme" in the store: "mcp-daemon partitions list" shows all\n');
    for (const args of [['export'], ['show', 'abcdef'], ['adopt', '--yes'], ['rollback', 'abcdef', '--yes']])
      expect(await run('config', ...args, ...ACME)).toMatchObject(EMPTY);
  });

  it('a plan shows changes, an apply makes them, and the exit code of a breaking plan is 2', async () => {
    const first = await run('config', 'plan', 'one.json', ...ACME);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^\+ \$\.name\n\+ \$\.tools\.a\n\+ \$\.tools\.b\n\+ setting demo\.Demo-[0-9a-f]{12}\n/);
    expect(first.stdout).toMatch(/\n3 changes for the partition "acme", which is new\n$/);
    expect((await run('config', 'history', ...ACME)).stdout).toBe('');

    const asked = await run('config', 'apply', 'one.json', ...ACME);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toBe('mcp-daemon: there is no terminal to ask on: add --yes\n');
    expect(await history()).toEqual([]);

    const applied = await run('config', 'apply', 'one.json', ...ACME, '--yes', '--note', 'first');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toMatch(/\nthe partition "acme" now serves revision [0-9a-f]{12}\n$/);
    expect((await run('config', 'apply', 'one.json', ...ACME)).stdout).toBe(
      'no changes: the partition "acme" serves this already\n',
    );

    const breaking = await run('config', 'plan', 'two.json', ...ACME);
    expect(breaking.code).toBe(2);
    expect(breaking.stdout).toBe(
      '- $.tools.a  BREAKING: the tool is gone\n+ $.tools.c\n\n2 changes for the partition "acme"; 1 of them can break callers\n',
    );
    const refused = await run('config', 'apply', 'two.json', ...ACME, '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Add --allow-breaking');
    expect(await history()).toMatchObject([{ note: 'first', action: 'apply', source: 'one.json', functions: 2 }]);

    const merged = await run('config', 'apply', 'two.json', ...ACME, '--yes', '--merge', '--json');
    expect(JSON.parse(merged.stdout)).toMatchObject({ functions: 3, breaking: 0, changes: [{ path: '$.tools.c' }] });
    expect(await run('config', 'apply', 'two.json', ...ACME, '--yes', '--allow-breaking')).toMatchObject({ code: 0 });
    expect((await history()).map(({ created_at: at }) => new Date(at).toISOString() === at)).toEqual([true, true, true]);
    expect(await json('partitions', 'list')).toMatchObject([{ partition: 'acme', head: { entry: (await history())[0]?.id } }]);
  });

  it('a plan and an apply print the warnings of the file, as "config check" does', async () => {
    const config = classConfig('book.find', 'book_find');
    await stored.folder.write('alike.json', config);
    for (const args of [['plan'], ['apply', '--yes']]) {
      const { code, stderr } = await run('config', ...args, 'alike.json', ...ACME);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^warning alike\.json:\d+:\d+ \$\.tools\[1\]\.name: .* are the same name in some hosts/);
    }
  });

  it('a file that names one function twice is refused, with both places', async () => {
    const config = classConfig('a', 'a') as { tools: object[] };
    await stored.folder.write('double.json', config);
    for (const args of [['plan'], ['apply', '--yes']]) {
      const { code, stderr } = await run('config', ...args, 'double.json', ...ACME);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /double\.json:\d+:\d+ \$\.tools\[1\]\.name: the name "a" is already used by the tool \$\.tools\[0\]/,
      );
    }
    expect(await history()).toEqual([]);
  });

  it('an apply on an old plan is refused', async () => {
    const { base } = await json<{ base: null }>('config', 'plan', 'one.json', ...ACME);
    await run('config', 'apply', 'two.json', ...ACME, '--yes');
    const args = ['config', 'apply', 'one.json', ...ACME, '--yes', '--allow-breaking'];
    const late = await run(...args, '--base', String(base));
    expect(late).toMatchObject({ code: 1, stdout: '' });
    expect(await history()).toHaveLength(1);
    const [entry] = await history();
    expect(late.stderr).toContain('The partition "acme" was changed since this was planned: plan again. Revision ');
    expect(late.stderr).toContain(` was made by ${String(entry?.author)} at `);
    expect(late.stderr).toContain(', by apply from two.json.');
    expect(await run(...args, '--base', String(entry?.id))).toMatchObject({ code: 0 });
  });

  it('older revisions can be shown, compared and served again', async () => {
    await run('config', 'apply', 'one.json', ...ACME, '--yes');
    await run('config', 'apply', 'two.json', ...ACME, '--yes', '--allow-breaking');
    const [two, one] = await history();
    const [older, newer] = [String(one?.revision).slice(0, 8), String(two?.revision).slice(0, 8)];

    expect(JSON.parse((await run('config', 'show', older, ...ACME)).stdout)).toMatchObject({
      tools: [{ name: 'a' }, { name: 'b' }],
    });
    expect(await run('config', 'diff', older, newer, ...ACME)).toMatchObject({
      code: 0,
      stdout: '- $.tools.a  BREAKING: the tool is gone\n+ $.tools.c\n',
    });
    expect(await json('config', 'diff', older, older, ...ACME)).toEqual([]);

    const itself = await run('config', 'rollback', newer, ...ACME, '--yes');
    expect(itself.code).toBe(1);
    expect(itself.stderr).toBe(`mcp-daemon: The partition "acme" serves the revision ${two?.revision} already.\n`);
    const unknown = await run('config', 'rollback', 'abcdef0', ...ACME, '--yes');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toBe(
      'mcp-daemon: The partition "acme" has no revision "abcdef0". "mcp-daemon config history" lists the revisions\n',
    );
    expect((await run('config', 'rollback', older, ...ACME)).code).toBe(2);
    expect(await history()).toHaveLength(2);

    expect((await run('config', 'rollback', older, ...ACME, '--yes', '--note', 'back')).code).toBe(0);
    expect(await history()).toMatchObject([{ action: 'rollback', note: 'back', revision: one?.revision }, {}, {}]);
    await run('config', 'export', ...ACME, '--output', 'out.json');
    expect((await run('config', 'plan', 'out.json', ...ACME)).stdout).toBe(
      'no changes: the partition "acme" serves this already\n',
    );
    const again = await run('config', 'export', ...ACME, '--output', 'out.json');
    expect(again).toMatchObject({ code: 1, stderr: 'mcp-daemon: out.json exists already\n' });
  });

  it('rows that others change are listed, and adopted', async () => {
    await run('config', 'apply', 'one.json', ...ACME, '--yes');
    expect((await run('config', 'status', ...ACME)).code).toBe(0);
    const store = await stored.open();
    const [row] = (await store.catalogs.rows('acme')).functions;
    if (row === undefined) throw new Error('no row');
    await store.catalogs.writeRows('acme', { putFunctions: [{ ...row, description: 'by hand' }] }, 'eve');
    await store.close();

    const status = await run('config', 'status', ...ACME);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('changed mcp-functions/a, by eve\n');
    const { rows } = await json<{ rows: object[] }>('config', 'status', ...ACME);
    expect(rows).toMatchObject([{ row: 'mcp-functions/a', kind: 'changed', updated_by: 'eve' }]);
    const asked = await run('config', 'adopt', ...ACME);
    expect(asked.code).toBe(2);
    expect(asked.stdout).toBe('+ $.tools.a.description\n');
    expect(await history()).toHaveLength(1);
    expect((await run('config', 'adopt', ...ACME, '--yes', '--note', 'by hand')).code).toBe(0);
    expect((await run('config', 'status', ...ACME)).code).toBe(0);
    expect(await history()).toMatchObject([{ action: 'adopt' }, { action: 'apply' }]);
    expect((await run('config', 'export', ...ACME)).stdout).toContain('"description": "by hand"');
  });

  it('an apply that changes nothing says how many rows of others it replaced', async () => {
    await run('config', 'apply', 'one.json', ...ACME, '--yes');
    const store = await stored.open();
    const [row] = (await store.catalogs.rows('acme')).functions;
    if (row === undefined) throw new Error('no row');
    await store.catalogs.writeRows('acme', { putFunctions: [{ ...row, description: 'by hand' }] }, 'eve');
    await store.close();
    expect(await run('config', 'apply', 'one.json', ...ACME)).toMatchObject({
      code: 0,
      stdout: 'no changes: the partition "acme" serves this already\n',
      stderr: '1 row that others had changed is replaced\n',
    });
    expect((await run('config', 'status', ...ACME)).code).toBe(0);
  });

  it('rows that cannot be read are named by an adoption, which then changes nothing', async () => {
    await run('config', 'apply', 'one.json', ...ACME, '--yes');
    const store = await stored.open();
    const [row] = (await store.catalogs.rows('acme')).functions;
    if (row === undefined) throw new Error('no row');
    const odd = { ...row, name: 'odd', data: { inputSchema: { type: 'object', properties: 7 } } };
    await store.catalogs.writeRows('acme', { putFunctions: [odd] }, 'eve');
    await store.close();
    const refused = await run('config', 'adopt', ...ACME, '--yes');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^unreadable mcp-functions\/odd: .*\nmcp-daemon: 1 row cannot be read: correct it, or add --leave-out to remove it\n$/,
    );
    expect(await history()).toHaveLength(1);
    await run('config', 'adopt', ...ACME, '--yes', '--leave-out');
    expect((await run('config', 'status', ...ACME)).code).toBe(0);
  });

  it('a plan says that the value of a setting changes, and not what it is', async () => {
    await run('config', 'apply', 'one.json', ...ACME, '--yes');
    const other = JSON.stringify(classConfig('a', 'b')).replace('TOPSECRET', 'OTHERSECRET');
    await stored.folder.write('other.json', other);
    const { stdout } = await run('config', 'plan', 'other.json', ...ACME);
    expect(stdout).toContain('~ $.modules["demo.Demo"].setting.key: changed (hidden)\n');
    expect(stdout).not.toContain('SECRET');
  });

  it('settings are listed without values, changed and removed', async () => {
    const outputs = [
      await run('config', 'plan', 'one.json', ...ACME),
      await run('config', 'plan', 'one.json', ...ACME, '--json'),
    ];
    outputs.push(await run('config', 'apply', 'one.json', ...ACME, '--yes'));
    const [{ setting_id: id } = { setting_id: '' }] = await json<{ setting_id: string }[]>('settings', 'list', ...ACME);
    outputs.push(await run('settings', 'list', ...ACME), await run('settings', 'list', ...ACME, '--json'));
    const set = (name: string, input: string, ...more: string[]) =>
      stored.run(['settings', 'set', name, ...ACME, ...more], input);
    outputs.push(await set(id, '{"key":"TOPSECRET2","unit":"F"}'), await run('config', 'plan', 'one.json', ...ACME));
    outputs.push(await run('config', 'status', ...ACME, '--json'), await run('config', 'export', ...ACME));
    expect(outputs.map(({ code }) => code)).toEqual(outputs.map(() => 0));
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain('TOPSECRET');
    expect((await run('config', 'export', ...ACME, '--with-settings')).stdout).toContain('"key": "TOPSECRET2"');

    expect(await set(id, '["no object"]')).toMatchObject({ code: 2 });
    expect(await set('unknown', '{}')).toMatchObject({
      code: 1,
      stderr: 'mcp-daemon: The partition "acme" has no setting "unknown".\n',
    });
    expect(await set('new', '{}', '--create')).toMatchObject({ code: 0 });
    expect(await run('settings', 'remove', 'new', ...ACME)).toMatchObject({ code: 0 });
    expect((await run('settings', 'remove', id, ...ACME)).stderr).toContain('is used by demo.Demo');
  });
});

describe('commands for revisions', () => {
  let stored: StoredFolder;
  const run = (...args: string[]) => stored.run(args);

  beforeEach(async () => {
    stored = await storedFolder('sqlite');
    await stored.folder.write('one.json', classConfig('a'));
  });

  afterEach(() => stored.stop());

  it('refuse names that no partition can have', async () => {
    const commands = [
      ...['plan one.json', 'apply one.json --yes', 'history', 'show abcdef', 'diff abcdef abcdef', 'rollback abcdef --yes'],
      ...['export', 'status', 'adopt --yes'],
    ].map((line) => `config ${line}`);
    commands.push('settings list', 'settings set x', 'settings remove x', 'calls list', 'calls show last', 'calls tail');
    commands.push('records export', 'store copy sqlite sqlite:other.db');
    const results = await Promise.all(commands.map((line) => run(...line.split(' '), '--partition', 'a/b')));
    for (const { code, stdout, stderr } of results) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^mcp-daemon: --partition: must be up to 128 letters, .*, not "a\/b"\n$/);
    }
    const { code, stderr } = await stored.folder.run(['config', 'status'], { env: { ...stored.env, MCP_PARTITION: '..' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mcp-daemon: MCP_PARTITION: must be /);
  });

  it('name the line of a mistake in the file, and change nothing', async () => {
    await stored.folder.write('bad.json', '{"tools": [{"name": 5}],\n "bogus": 1}');
    await stored.folder.write(
      'id.json',
      '{"instructions": "x", "tools": [{"name": "a", "inputSchema": {"type": "object"}}],\n "module_links": [{"type": "tool", "name": "a", "module_name": "m", "function_name": "a"}],\n "modules": [{"package_name": "m", "module_name": "m",\n  "setting_id": "gone"}]\n}',
    );
    const bad = await run('config', 'apply', 'bad.json', '--yes');
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toMatch(/^bad\.json:1:\d+ \$\.tools\[0\]\.name: .*\nbad\.json:2:2 \$\.bogus: /);
    for (const command of [['plan'], ['apply', '--yes']]) {
      const unknown = await run('config', ...command, 'id.json');
      expect(unknown).toMatchObject({ code: 1, stdout: '' });
      expect(unknown.stderr).toMatch(
        /^id\.json:4:\d+ \$\.modules\[0\]\.setting_id: the partition has no setting "gone": give its values as "setting" /,
      );
    }
    expect((await run('partitions', 'list')).stdout).toBe('');
  });

  it('show in the help what --partition means there, once', async () => {
    for (const [line, description, standard] of [
      ['config apply', 'Partition of the store', 'default'],
      ['calls list', 'Partition of the store', 'default'],
      ['settings list', 'Partition of the store', 'default'],
      ['users add', 'Partition that the user may access', 'default'],
      ['users grant', 'Partition that the user may access', undefined],
    ] as const) {
      const { stdout } = await run(...line.split(' '), '--help');
      const [shown, ...more] = stdout.split(/^(?= +-)/m).filter((flag) => /^ +--partition /.test(flag));
      expect({ line, more, shown }).toEqual({ line, more: [], shown: expect.stringContaining(description) as string });
      expect(/\[default: (\w+)\]/.exec(shown ?? '')?.[1]).toBe(standard);
    }
  });

  it('say that a store in memory or without an answer cannot be used', async () => {
    const memory = await run('config', 'status', '--store', 'memory');
    expect(memory.code).toBe(2);
    await stored.folder.write('file', 'no folder');
    const { code, stderr } = await run('config', 'apply', 'one.json', '--yes', '--data-dir', 'file');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mcp-daemon: .*\n$/);
    expect(stderr).not.toContain('unexpected');
    const gone = { MCP_STORE: 'dynamodb', DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', REGION_NAME: 'x-1' };
    const env = { ...gone, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    for (const line of ['config status', 'partitions list', 'calls list', 'settings list', 'records export']) {
      const result = await stored.folder.run(line.split(' '), { env });
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toMatch(/^mcp-daemon: DynamoDB cannot be reached .*\n$/);
    }
  });
});
