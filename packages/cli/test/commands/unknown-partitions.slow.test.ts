/** Commands that grant access to partitions warn about those that do not exist. */
import { storedFolder } from './stored-support.js';

const HASH = '$2b$04$P756rP3k0MgBQ0/8Yt28/O3LRg5PwYEHyYFGCmIKR4idPIF5sShBm';
const CONFIG = {
  tools: [{ name: 'hello', inputSchema: { type: 'object' } }],
  module_links: [{ type: 'tool', name: 'hello', module_name: 'm', function_name: 'hello' }],
};

describe.each(['sqlite', 'dynamodb'] as const)('a partition that is not in the %s store', (kind) => {
  let place: Awaited<ReturnType<typeof storedFolder>>;
  beforeAll(async () => {
    place = await storedFolder(kind);
    await place.folder.write('mcp.json', CONFIG);
    await place.folder.write('users.json', [{ username: 'ann', password_hash: HASH, roles: ['admin'] }]);
    for (const partition of ['acme', 'acme#b']) {
      const applied = await place.run(['config', 'apply', 'mcp.json', '--partition', partition, '--yes']);
      expect(applied).toMatchObject({ code: 0 });
    }
  });
  afterAll(() => place.stop());

  const warningOf = (name: string, hint = '.'): string =>
    `warning there is no partition "${name}" yet${hint} Existing partitions: acme, acme#b, default\n`;

  it('is warned of by "users add", and the user is added', async () => {
    const flags = ['--password-stdin', '--partition', 'acme', '--partition', 'acne', '--partition', 'other'];
    expect(await place.run(['users', 'add', 'bob', ...flags], 'correct horse')).toMatchObject({
      code: 0,
      stdout: 'added bob to users.json\n',
      stderr: warningOf('acne', '; did you mean "acme"?') + warningOf('other'),
    });
  });

  it('is warned of by "users set" and "users grant", and not by "users revoke"', async () => {
    const change = (...args: string[]): Promise<unknown> => place.run(['users', ...args]);
    const partition = ['--partition', 'zeta'];
    expect(await change('set', 'ann', ...partition)).toMatchObject({ code: 0, stderr: warningOf('zeta') });
    expect(await change('grant', 'ann', ...partition)).toMatchObject({ code: 0, stderr: warningOf('zeta') });
    expect(await change('revoke', 'ann', ...partition)).toMatchObject({ code: 0, stderr: '' });
    expect(await change('set', 'ann', '--partition', 'default', '--partition', 'acme#b')).toMatchObject({ code: 0, stderr: '' });
  });

  it('is warned of by "tokens create", and the token is created', async () => {
    const created = await place.run(['tokens', 'create', 'ann', '--role', 'user', '--partition', 'zeta']);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mcpd_/) as string });
    expect(created.stderr.endsWith(warningOf('zeta'))).toBe(true);
  });
});

describe('a partition without a store', () => {
  it('is warned of, except the one of the config file, and no store is made', async () => {
    const { folder, run, env, stop } = await storedFolder('sqlite');
    try {
      await folder.write('users.json', [{ username: 'ann', password_hash: HASH, roles: ['user'] }]);
      const only = (names: string): string => `warning there is no partition "acme" yet. Existing partitions: ${names}\n`;
      const set = ['users', 'set', 'ann', '--partition', 'acme'];
      expect(await run(set)).toMatchObject({ code: 0, stderr: only('default') });
      expect(await folder.run(set, { env: { ...env, MCP_PARTITION: 'acme' } })).toMatchObject({ code: 0, stderr: '' });
      expect(await folder.run(set, { env: { MCP_STORE: 'memory' } })).toMatchObject({ code: 0, stderr: only('default') });
      await expect(folder.read('data/mcp-daemon.db')).rejects.toThrow('ENOENT');
    } finally {
      await stop();
    }
  });

  it('is named with the reason where the store cannot be read', async () => {
    const { folder, run, stop } = await storedFolder('sqlite');
    try {
      await folder.write('users.json', [{ username: 'ann', password_hash: HASH, roles: ['user'] }]);
      await folder.write('data/mcp-daemon.db', 'this is no database, and longer than the header of one would have to be');
      const result = await run(['users', 'grant', 'ann', '--partition', 'acme']);
      expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('partitions default, acme') as string });
      expect(result.stderr).toMatch(/^warning cannot check whether "acme" exists: .*mcp-daemon\.db/);
    } finally {
      await stop();
    }
  });
});
