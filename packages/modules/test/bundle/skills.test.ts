/** Skills in bundles: folders of real archives, in a folder of bundles and extracted by others. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { LinkBinding, Skill, SkillSource } from '@mcp-daemon/core';
import { createDaemon, MAX_SKILL_FILES, parseConfig } from '@mcp-daemon/core';

import { tempFolder } from '../../../../tests/temp-folder.js';
import type { BundleStore } from '../../src/bundle/index.js';
import { bundleStore, digestOf, folderSource } from '../../src/bundle/index.js';
import { skillFolders } from '../../src/index.js';
import type { HandEntry } from './zip-by-hand.js';
import { zipByHand } from './zip-by-hand.js';

const HEAD = '---\nname: refunds\ndescription: How to refund\n---\n';
const CODE = { 'orders.mjs': 'export const f = () => 1;' };
const LINK = 0o120777;

const module = (over: Partial<LinkBinding> = {}): LinkBinding => ({
  ...{ kind: 'link', package_name: 'shop', module_name: 'orders', function_name: '', setting: {}, source: 'zip' },
  ...over,
});
const bundleOf = (files: Readonly<Record<string, string>>, more: HandEntry[] = []): Buffer =>
  zipByHand([...Object.entries(files).map(([name, content]): HandEntry => ({ name, content })), ...more]);

const sha = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

let zips: string;
let extracted: string;
let bundles: BundleStore;
let skills: SkillSource;

beforeEach(() => {
  [zips, extracted] = [tempFolder(), tempFolder()];
  const folder = join(tempFolder(), 'extracted');
  bundles = bundleStore({ sources: [folderSource({ folder: zips })], folder, extracted });
  skills = skillFolders({ base: tempFolder(), bundles });
});
afterEach(() => bundles.close());

const put = (bytes: Uint8Array): void => writeFileSync(join(zips, 'shop.zip'), bytes);
const load = (path = 'skills/refunds', link = module(), partition = 'acme'): Promise<Skill> =>
  skills.load({ path, module: link }, partition);
async function read(skill: Skill, index = 0): Promise<string> {
  const bytes = await skills.read?.(skill, skill.files[index] as Skill['files'][number]);
  return new TextDecoder().decode(bytes);
}

describe('a skill in a bundle', () => {
  it('has paths from the root of the bundle, digests, and the digest of the bundle', async () => {
    const bytes = bundleOf({ ...CODE, 'skills/refunds/SKILL.md': HEAD, 'skills/refunds/a/b.md': 'more' });
    put(bytes);
    const skill = await load();
    expect(skill).toMatchObject({
      name: 'refunds',
      uri: 'skill://refunds/SKILL.md',
      bundle: { digest: await digestOf(bytes), folder: expect.stringContaining('extracted') },
      files: [
        { uri: 'skill://refunds/SKILL.md', path: 'skills/refunds/SKILL.md', digest: sha(HEAD), size: HEAD.length },
        { uri: 'skill://refunds/a/b.md', path: 'skills/refunds/a/b.md', digest: sha('more'), size: 4 },
      ],
    });
    expect([await read(skill), await read(skill, 1)]).toEqual([HEAD, 'more']);
  });

  it('is found in the one folder that holds the whole bundle, and in a bundle without code', async () => {
    put(bundleOf({ 'shop-1.0/skills/refunds/SKILL.md': HEAD, 'shop-1.0/README.md': '' }));
    const skill = await load();
    expect(skill.files[0]).toMatchObject({ path: 'skills/refunds/SKILL.md' });
    expect(await read(skill)).toBe(HEAD);
  });

  it('belongs to one partition, and to the demanded digest', async () => {
    const bytes = bundleOf({ ...CODE, 'skills/refunds/SKILL.md': HEAD });
    put(bytes);
    const [one, two] = [await load(), await load('skills/refunds', module(), 'other')];
    expect(one.bundle?.folder).not.toBe(two.bundle?.folder);
    const sha256 = await digestOf(bytes);
    expect((await load('skills/refunds', module({ sha256 }))).bundle?.digest).toBe(sha256);
    await expect(load('skills/refunds', module({ sha256: 'a'.repeat(64) }), 'third')).rejects.toThrow(/the config demands/);
  });

  it('is that of the next version when the bundle is replaced, and files of the version before can still be read', async () => {
    put(bundleOf({ ...CODE, 'skills/refunds/SKILL.md': HEAD }));
    const before = await load();
    put(bundleOf({ ...CODE, 'skills/refunds/SKILL.md': `${HEAD}new` }));
    await bundles.check();
    const after = await load();
    expect(after.files[0]?.digest).toBe(sha(`${HEAD}new`));
    expect([await read(before), await read(after)]).toEqual([HEAD, `${HEAD}new`]);
  });

  it('is refused where its folder is missing, has links or too many files, or has another name', async () => {
    put(
      bundleOf({ ...CODE, 'skills/linked/SKILL.md': HEAD, 'skills/other/SKILL.md': HEAD, 'skills/empty/x': '' }, [
        { name: 'skills/linked/link.md', content: '../../orders.mjs', mode: LINK },
        ...Array.from({ length: MAX_SKILL_FILES + 1 }, (_, index) => ({ name: `skills/many/${index}`, content: 'x' })),
      ]),
    );
    await expect(load()).rejects.toThrow('there is no such folder');
    await expect(load('skills/linked')).rejects.toThrow('"link.md" is a link');
    await expect(load('skills/many')).rejects.toThrow('it has more than 512 files');
    await expect(load('skills/other')).rejects.toThrow('must be the name of its folder, "other", not "refunds"');
    await expect(load('skills/empty')).rejects.toThrow('it has no file SKILL.md');
    await expect(load('../../../etc')).rejects.toThrow(/outside of the bundle|no such folder/);
    await expect(load('skills/refunds', module({ package_name: 'none' }))).rejects.toMatchObject({ code: 'module_not_found' });
    await expect(skillFolders({ base: zips }).load({ path: 'a', module: module() }, 'acme')).rejects.toThrow('no bundles');
  });

  it('has no file whose content is not that of its digest', async () => {
    put(bundleOf({ ...CODE, 'skills/refunds/SKILL.md': HEAD, 'skills/refunds/a.md': 'one', 'skills/refunds/b.md': 'two' }));
    const skill = await load();
    const at = (name: string): string => join(skill.bundle?.folder ?? '', 'skills/refunds', name);
    writeFileSync(at('SKILL.md'), HEAD.replace('How', 'Who'));
    writeFileSync(at('a.md'), 'longer');
    rmSync(at('b.md'));
    await expect(read(skill)).rejects.toThrow('The file skill://refunds/SKILL.md cannot be read: it has changed.');
    await expect(read(skill, 1)).rejects.toThrow('it has changed');
    await expect(read(skill, 2)).rejects.toThrow('it does not exist');
  });

  it('is in the folder of packages that others extract, where its edits are served at once', async () => {
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(extracted, path)), { recursive: true });
      writeFileSync(join(extracted, path), text);
    };
    write('orders.py', '');
    write('skills/refunds/SKILL.md', HEAD);
    const link = module({ source: '' });
    expect((await load('skills/refunds', link)).bundle).toEqual({ folder: extracted, digest: null });
    write('skills/refunds/SKILL.md', `${HEAD}edited`);
    const skill = await load('skills/refunds', link);
    expect(await read(skill)).toBe(`${HEAD}edited`);
    await expect(load('skills/refunds', module({ source: '', module_name: 'unknown' }))).rejects.toMatchObject({
      code: 'module_not_found',
    });
  });
});

it('a daemon serves the skills of a bundle, and tells its clients of a new version', async () => {
  put(bundleOf({ ...CODE, 'skills/refunds/SKILL.md': HEAD }));
  const { module_name, package_name, source } = module();
  const document = { skills: [{ path: 'skills/refunds', module_name }], modules: [{ module_name, package_name, source }] };
  const daemon = createDaemon({ catalog: parseConfig(JSON.stringify(document)).definition, skills, modules: [bundles] });
  bundles.watch((change) => daemon.reload((link) => change.affects(link)));
  const changes: string[] = [];
  daemon.events.subscribe('default', (event) => void changes.push(event.type));
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  async function ask(method: string, params: object = {}): Promise<unknown> {
    const message = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } };
    const exchange = { partition: 'default', subject: 'ada', signal: new AbortController().signal, notify: () => undefined };
    return (await daemon.handle(message, exchange)) as unknown;
  }
  const uri = 'skill://refunds/SKILL.md';
  expect(await ask('skills/get', { uri })).toMatchObject({ result: { skill: { resources: [{ uri, digest: sha(HEAD) }] } } });
  put(bundleOf({ ...CODE, 'skills/refunds/SKILL.md': `${HEAD}new` }));
  await bundles.check();
  expect(changes).toContain('list_changed');
  expect(await ask('skills/list')).toMatchObject({ result: { skills: [{ resources: [{ digest: sha(`${HEAD}new`) }] }] } });
  expect(await ask('resources/read', { uri })).toMatchObject({ result: { contents: [{ text: `${HEAD}new` }] } });
  await daemon.close();
});
