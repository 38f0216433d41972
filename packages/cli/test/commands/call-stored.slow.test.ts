/** `call --partition`: functions of partitions of the store. */
import type { StoredFolder } from './stored-support.js';
import { CLASS_MODULE, classConfig, storedFolder } from './stored-support.js';

describe.each(['sqlite', 'dynamodb'] as const)('"call --partition" on %s', (kind) => {
  let stored: StoredFolder;

  beforeAll(async () => {
    stored = await storedFolder(kind);
    await stored.folder.write('acme.json', classConfig('a'));
    await stored.folder.write('demo.mjs', CLASS_MODULE);
    for (const partition of ['acme', 'acme#b'])
      expect(await stored.run(['config', 'apply', 'acme.json', '--partition', partition, '--yes'])).toMatchObject({ code: 0 });
  });
  afterAll(() => stored.stop());

  it.each(['acme', 'acme#b'])('calls a function of %s without a config file, and records the call there', async (partition) => {
    expect(await stored.run(['call', 'a', '--partition', partition])).toMatchObject({
      code: 0,
      stdout: 'key TOPSECRET\n',
      stderr: '',
    });
    const { stdout } = await stored.run(['calls', 'list', '--partition', partition, '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'a', status: 'completed', partition_key: partition }]);
  });

  it('calls the partition of the store also where there is a config file with the same name in it', async () => {
    await stored.folder.write('mcp.json', {
      tools: [{ name: 'a', inputSchema: { type: 'object' } }],
      module_links: [{ name: 'a', module_name: 'here', function_name: 'a' }],
    });
    await stored.folder.write('here.mjs', `export const a = () => 'from the file';`);
    expect((await stored.run(['call', 'a'])).stdout).toBe('from the file\n');
    expect((await stored.run(['call', 'a', '--partition', 'acme'])).stdout).toBe('key TOPSECRET\n');
  });

  it('says that there is no such partition or function, and what a partition may be', async () => {
    expect(await stored.run(['call', 'a', '--partition', 'none'])).toMatchObject({
      code: 1,
      stderr: 'mcp-daemon: there is no partition "none" in the store: "mcp-daemon partitions list" shows all\n',
    });
    const unknown = await stored.run(['call', 'b', '--partition', 'acme']);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('no tool, resource or prompt "b" in partition "acme"');
    expect(await stored.run(['call', 'a', '--partition', 'a/b'])).toMatchObject({ code: 2 });
  });
});
