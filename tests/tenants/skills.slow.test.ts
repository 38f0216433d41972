/** Skills in bundles: what is pushed is served by every daemon on the store, and each new version takes the place of the one before. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ResourceListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { until } from '../until.js';
import { connectV1, post } from './people.js';
import type { Output, Server, World } from './world.js';
import { createWorld } from './world.js';

const URI = 'skill://refunds/SKILL.md';
const manifest = (text: string): string => `---\nname: refunds\ndescription: How to refund an order\n---\n${text}\n`;
const sha = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const CONFIG = {
  tools: [{ name: 'find_order', inputSchema: { type: 'object' } }],
  module_links: [{ name: 'find_order', module_name: 'orders', function_name: 'find' }],
  skills: [{ path: 'skills/refunds' }],
};
const CODE = 'export const find = () => "found";\n';

describe.each(['SQLite', 'dynalite'])('on %s', (engine) => {
  let world: World;
  let servers: Server[];

  async function write(name: string, content: string | object): Promise<void> {
    await mkdir(dirname(join(world.folder, name)), { recursive: true });
    await world.write(name, content);
  }

  async function push(text: string, ...flags: string[]): Promise<Output> {
    await write('shop/skills/refunds/SKILL.md', manifest(text));
    expect(await world.run('bundle', 'build', 'shop')).toMatchObject({ code: 0 });
    return world.run('bundle', 'push', 'shop.zip', '--partition', 'acme', '--yes', ...flags);
  }

  beforeAll(async () => {
    world = await createWorld(engine);
    if (engine === 'SQLite') {
      Object.assign(world.env, { FUNCT_ZIP_PATH: join(world.folder, 'zips') });
      await write('mcp.json', { resources: [{ name: 'me', uri: 'file:///mcp.json', file: 'mcp.json' }] });
    } else expect(await world.run('store', 'init')).toMatchObject({ code: 0 });
    await write('shop/orders.js', CODE);
    await write('shop/package.json', { type: 'module' });
    await write('shop/skills/refunds/references/policy.md', 'Within 30 days.');
    await write('shop/mcp_configuration.json', CONFIG);
    const env = { MCP_BUNDLE_CHECK_MS: '100' };
    servers = [await world.serve(env), await world.serve(env)];
  });
  afterAll(() => world.remove());

  const ask = async ({ url }: Server, method: string, params: Record<string, unknown> = {}, partition = 'acme') =>
    (await post({ url, partition }, method, params)).body['result'] as Record<string, unknown>;

  test('a pushed bundle is planned with its skills, and both daemons serve them', async () => {
    const pushed = await push('Version 1');
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('+ $.skills.refunds') });
    for (const server of servers) {
      await until(
        async () => (await post({ url: server.url, partition: 'acme' }, 'server/discover')).status === 200,
        'the partition',
      );
      expect(await ask(server, 'skills/list')).toMatchObject({
        skills: [
          {
            uri: URI,
            frontmatter: { name: 'refunds' },
            resources: [{ digest: sha(manifest('Version 1')) }, { uri: 'skill://refunds/references/policy.md', size: 15 }],
          },
        ],
      });
      expect(await ask(server, 'resources/directory/read', { uri: 'skill://refunds' })).toMatchObject({
        resources: [{ name: 'SKILL.md' }, { name: 'references', mimeType: 'inode/directory' }],
      });
      expect(await ask(server, 'resources/read', { uri: 'skill://refunds/references/policy.md' })).toMatchObject({
        contents: [{ text: 'Within 30 days.' }],
      });
    }
    const [digest = ''] = /[0-9a-f]{64}/.exec(pushed.stdout) ?? [];
    expect(digest).not.toBe('');
    await until(async () => {
      const { stdout } = await world.run('calls', 'list', '--partition', 'acme', '--name', 'refunds', '--json');
      return stdout.includes(digest);
    }, 'the record');
  });

  test('a new version of the bundle takes the place of the one before, and clients are told', async () => {
    const { client } = await connectV1({ url: servers[0]?.url ?? '', partition: 'acme' });
    let changes = 0;
    client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void (changes += 1));
    expect(await push('Version 2')).toMatchObject({ code: 0 });
    await until(() => changes > 0, 'the notification');
    for (const server of servers)
      await until(async () => {
        const { contents } = (await ask(server, 'resources/read', { uri: URI })) as { contents: { text: string }[] };
        return contents[0]?.text === manifest('Version 2');
      }, 'the new version');
    await client.close();
  });

  test('a bundle with a broken skill is not pushed', async () => {
    await write('shop/skills/refunds/SKILL.md', 'no frontmatter');
    expect(await world.run('bundle', 'build', 'shop')).toMatchObject({ code: 0 });
    expect(await world.run('bundle', 'push', 'shop.zip', '--partition', 'acme', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /not pushed: .* skills that cannot be served\nskill "skills\/refunds": SKILL\.md must begin with a line of ---/,
      ),
    });
  });

  test('an export has the skills, and can be applied to another partition; a folder of this machine cannot', async () => {
    const exported = await world.run('config', 'export', '--partition', 'acme');
    expect(JSON.parse(exported.stdout)).toMatchObject({ skills: [{ path: 'skills/refunds', module_name: 'orders' }] });
    await write('copy.json', exported.stdout.replace(/ *"setting_id": "[^"]*",?\n/g, '').replace(/,(\s*})/g, '$1'));
    expect(await world.run('config', 'apply', 'copy.json', '--partition', 'copy', '--yes')).toMatchObject({ code: 0 });
    expect(await ask(servers[1] as Server, 'skills/get', { uri: URI }, 'copy')).toMatchObject({ skill: { uri: URI } });
    expect(await world.run('config', 'check', 'copy.json', '--load')).toMatchObject({ code: 0 });
    await write('folder.json', { skills: [{ path: 'shop/skills/refunds' }] });
    expect(await world.run('config', 'apply', 'folder.json', '--partition', 'copy', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/folder\.json:4:7 \$\.skills\[0\]\.path: .*put the skill into a bundle/),
    });
  });

  test('a package in Python carries its skills in MCP_CONFIGURATION', async () => {
    const config = JSON.stringify({ skills: [{ path: 'skills/returns' }] });
    await write('pyshop/pyshop.py', `MCP_CONFIGURATION = ${config}\n`);
    await write('pyshop/skills/returns/SKILL.md', manifest('x').replace('refunds', 'returns'));
    expect(await world.run('bundle', 'build', 'pyshop')).toMatchObject({ code: 0 });
    expect(await world.run('bundle', 'push', 'pyshop.zip', '--partition', 'python', '--yes')).toMatchObject({ code: 0 });
    const uri = 'skill://returns/SKILL.md';
    expect(await ask(servers[0] as Server, 'skills/get', { uri }, 'python')).toMatchObject({ skill: { uri } });
  });
});
