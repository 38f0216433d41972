import { until } from '../../../../tests/until.js';
import type { Skill, SkillListener, SkillSource } from '../../src/index.js';
import { checkConfig, createMemoryStore, inspectConfigText, parseConfig } from '../../src/index.js';
import { daemonWith, errorOf, legacy, memoryLogger, modern, resultOf } from '../support.js';

const file = (uri: string, path: string) => ({
  uri,
  path,
  digest: `sha256:${'a'.repeat(64)}`,
  size: 5,
  mimeType: 'text/markdown',
});

const skill = (name: string): Skill => ({
  name,
  description: `How to ${name}`,
  uri: `skill://${name}/SKILL.md`,
  frontmatter: { name, description: `How to ${name}`, 'x-own': [1] },
  files: [
    file(`skill://${name}/SKILL.md`, `skills/${name}/SKILL.md`),
    file(`skill://${name}/a/b/deep.md`, `skills/${name}/a/b/deep.md`),
    file(`skill://${name}/a/one%20two.md`, `skills/${name}/a/one two.md`),
  ],
});

const names = ['refunds', 'returns', 'broken', 'refunds-2'];
const skills: SkillSource = {
  load({ path }) {
    const name = path.split('/').at(-1)!;
    if (name === 'broken') return Promise.reject(new Error('it has no file SKILL.md'));
    return Promise.resolve(skill(name));
  },
};
const files = { read: (path: string) => Promise.resolve(new TextEncoder().encode(`content of ${path}`)) };
const catalog = parseConfig(JSON.stringify({ skills: names.map((name) => ({ path: `skills/${name}` })) })).definition;

const daemonOf = (more: object = {}): ReturnType<typeof daemonWith> => daemonWith([], { catalog, skills, files, ...more });

describe('skills', () => {
  it('are declared as an extension, with resources, to clients that know extensions', async () => {
    const { capabilities } = resultOf(await modern(daemonOf()).request('server/discover'));
    expect(capabilities).toMatchObject({
      resources: {},
      extensions: { 'io.modelcontextprotocol/skills': { directoryRead: true } },
    });
    const without = resultOf(await modern(daemonWith([])).request('server/discover'));
    expect(without['capabilities']).not.toHaveProperty('extensions');
  });

  it('are listed with their frontmatter and their files, without those that cannot be read', async () => {
    const { logger, of } = memoryLogger();
    const client = modern(daemonOf({ logger }));
    const { skills: listed, ttlMs, cacheScope } = resultOf(await client.request('skills/list'));
    expect({ ttlMs, cacheScope }).toEqual({ ttlMs: expect.any(Number), cacheScope: 'private' });
    expect((listed as { uri: string }[]).map(({ uri }) => uri)).toEqual([
      'skill://refunds/SKILL.md',
      'skill://returns/SKILL.md',
      'skill://refunds-2/SKILL.md',
    ]);
    const [{ uri, digest, size }] = skill('refunds').files as [Skill['files'][number]];
    expect((listed as object[])[0]).toEqual({
      uri: 'skill://refunds/SKILL.md',
      frontmatter: skill('refunds').frontmatter,
      resources: expect.arrayContaining([{ uri, digest, size }]),
    });
    await client.request('skills/list');
    expect(of('error')).toEqual(['the skill "skills/broken" is not served: it has no file SKILL.md']);
  });

  it('have their SKILL.md in the list of resources, on its last page', async () => {
    const both = parseConfig(
      JSON.stringify({ skills: [{ path: 'skills/refunds' }], resources: [{ uri: 'x://y', name: 'y', file: 'y' }] }),
    ).definition;
    const { resources } = resultOf(await modern(daemonOf({ catalog: both })).request('resources/list'));
    expect(resources).toEqual([
      { uri: 'x://y', name: 'y' },
      { uri: 'skill://refunds/SKILL.md', name: 'refunds', description: 'How to refunds', mimeType: 'text/markdown', size: 5 },
    ]);
  });

  it('are listed in pages', async () => {
    const client = modern(daemonOf({ limits: { pageSize: 2 } }));
    const first = resultOf(await client.request('skills/list'));
    expect(first['skills']).toHaveLength(2);
    const second = resultOf(await client.request('skills/list', { cursor: first['nextCursor'] }));
    expect(second['skills']).toHaveLength(1);
    expect(second).not.toHaveProperty('nextCursor');
    expect(errorOf(await client.request('skills/list', { cursor: 'x' })).code).toBe(-32602);
  });

  it('are got one by one, as they are listed', async () => {
    for (const client of [modern(daemonOf()), await legacy(daemonOf())]) {
      const { skill: found } = resultOf(await client.request('skills/get', { uri: 'skill://returns/SKILL.md' }));
      expect(found).toMatchObject({ uri: 'skill://returns/SKILL.md', frontmatter: { name: 'returns' } });
      for (const uri of ['skill://none/SKILL.md', 'skill://returns', 5, undefined])
        expect(errorOf(await client.request('skills/get', { uri })).code).toBe(-32602);
    }
  });

  it('have files that are read like resources, and each read is recorded by the name of the skill', async () => {
    const store = createMemoryStore();
    const client = modern(daemonOf({ store }));
    const { contents } = resultOf(await client.request('resources/read', { uri: 'skill://refunds/a/one%20two.md' }));
    expect(contents).toEqual([
      { uri: 'skill://refunds/a/one%20two.md', mimeType: 'text/markdown', text: 'content of skills/refunds/a/one two.md' },
    ]);
    const { items } = await store.calls.list('default', {});
    expect(items).toMatchObject([{ name: 'refunds', mcp_type: 'resource', status: 'completed' }]);
    for (const uri of ['skill://refunds/none.md', 'skill://refunds/../x', 'skill://broken/SKILL.md'])
      expect(errorOf(await client.request('resources/read', { uri }))).toMatchObject({ code: -32602, data: { uri } });
  });

  it('have folders whose content can be listed', async () => {
    const client = modern(daemonOf());
    const read = async (uri: unknown) => client.request('resources/directory/read', { uri });
    for (const uri of ['skill://refunds', 'skill://refunds/'])
      expect(resultOf(await read(uri))['resources']).toEqual([
        { uri: 'skill://refunds/SKILL.md', name: 'SKILL.md', mimeType: 'text/markdown', size: 5 },
        { uri: 'skill://refunds/a', name: 'a', mimeType: 'inode/directory' },
      ]);
    expect(resultOf(await read('skill://refunds/a'))['resources']).toEqual([
      { uri: 'skill://refunds/a/b', name: 'b', mimeType: 'inode/directory' },
      { uri: 'skill://refunds/a/one%20two.md', name: 'one two.md', mimeType: 'text/markdown', size: 5 },
    ]);
    for (const uri of ['skill://refunds/SKILL.md', 'skill://refund', 'skill://', 'x', 7])
      expect(errorOf(await read(uri)).code).toBe(-32602);
  });

  it('are unknown methods where a catalog has none', async () => {
    const client = modern(daemonWith([], { skills }));
    for (const method of ['skills/list', 'skills/get', 'resources/directory/read'])
      expect(errorOf(await client.request(method, { uri: 'x' })).code).toBe(-32601);
  });

  it('belong to a config file: a path above it, or a catalog of a store, is refused', () => {
    const check =
      (path: string, files = true) =>
      () =>
        parseConfig(JSON.stringify({ skills: [{ path }] }), { support: { files } });
    expect(check('skills/a')).not.toThrow();
    expect(check('../skills')).toThrow(
      /must be the path of a folder below the folder of the config file or the root of a bundle/,
    );
    expect(check('skills/a', false)).toThrow(/a catalog in a store has no folder of its own: put the skill into a bundle/);
  });
});

describe('skills in bundles', () => {
  const MODULE = { module_name: 'orders', package_name: 'shop', source: 'zip' };
  const document = { skills: [{ path: 'skills/refunds', module_name: 'orders' }], modules: [MODULE] };
  const inBundle = parseConfig(JSON.stringify(document)).definition;

  /** A source of skills whose bundle can be replaced. */
  function bundleOf(digest: string | null) {
    const state = { digest, loads: [] as [string | undefined, string][], fails: false };
    const source: SkillSource = {
      load({ module }, partition) {
        state.loads.push([module?.package_name, partition]);
        if (state.fails) return Promise.reject(new Error('the bucket is gone'));
        return Promise.resolve({ ...skill('refunds'), bundle: { folder: `/${state.digest}`, digest: state.digest } });
      },
      read: ({ bundle }, { path }) =>
        state.fails
          ? Promise.reject(new Error('gone'))
          : Promise.resolve(new TextEncoder().encode(`${path} of ${bundle?.digest}`)),
    };
    return { state, source };
  }

  it('are read once for each version, and their reads are recorded with the digest of the bundle', async () => {
    const { state, source } = bundleOf('abc');
    const store = createMemoryStore();
    const daemon = daemonOf({ catalog: inBundle, skills: source, store });
    const client = modern(daemon);
    for (let round = 0; round < 3; round++) expect(resultOf(await client.request('skills/list'))['skills']).toHaveLength(1);
    const { contents } = resultOf(await client.request('resources/read', { uri: 'skill://refunds/SKILL.md' }));
    expect(contents).toMatchObject([{ text: 'skills/refunds/SKILL.md of abc' }]);
    expect(state.loads).toEqual([['shop', 'default']]);
    const { items } = await store.calls.list('default', {});
    expect(items).toMatchObject([{ name: 'refunds', mcp_type: 'resource', bundle_digest: 'abc' }]);
  });

  it('are looked for again when their bundle changes, which clients are told', async () => {
    const { state, source } = bundleOf('abc');
    const daemon = daemonOf({ catalog: inBundle, skills: source });
    const client = await legacy(daemon);
    await client.request('skills/list');
    daemon.reload(({ package_name }) => package_name === 'other');
    expect(client.told).toEqual([]);
    state.digest = 'def';
    daemon.reload(({ package_name }) => package_name === 'shop');
    expect(client.told.map(({ message }) => message.method)).toEqual(['notifications/resources/list_changed']);
    const { contents } = resultOf(await client.request('resources/read', { uri: 'skill://refunds/SKILL.md' }));
    expect(contents).toMatchObject([{ text: 'skills/refunds/SKILL.md of def' }]);
  });

  it('are looked for at each request while their bundle cannot be read, or is not known by its digest', async () => {
    const { state, source } = bundleOf('abc');
    const { logger, of } = memoryLogger();
    const client = modern(daemonOf({ catalog: inBundle, skills: source, logger }));
    state.fails = true;
    for (let round = 0; round < 2; round++) expect(resultOf(await client.request('skills/list'))['skills']).toEqual([]);
    expect(of('error')).toEqual(['the skill "skills/refunds" of the module "orders" is not served: the bucket is gone']);
    state.fails = false;
    expect(resultOf(await client.request('skills/list'))['skills']).toHaveLength(1);
    // A file that is gone: the bundle is looked for again.
    state.fails = true;
    const uri = 'skill://refunds/SKILL.md';
    expect(errorOf(await client.request('resources/read', { uri })).code).toBe(-32603);
    expect(state.loads).toHaveLength(3);
    state.fails = false;
    expect(resultOf(await client.request('resources/read', { uri }))['contents']).toHaveLength(1);
    expect(state.loads).toHaveLength(4);

    const extracted = bundleOf(null);
    const other = modern(daemonOf({ catalog: inBundle, skills: extracted.source }));
    for (let round = 0; round < 2; round++) await other.request('skills/list');
    expect(extracted.state.loads).toHaveLength(2);
  });

  it('change the list of resources when a catalog gets or loses one', async () => {
    const daemon = daemonOf({ catalog: inBundle, skills: bundleOf('abc').source });
    const client = await legacy(daemon);
    daemon.update(
      parseConfig(JSON.stringify({ ...document, skills: [{ path: 'skills/returns', module_name: 'orders' }] })).definition,
    );
    expect(client.told.map(({ message }) => message.method)).toEqual(['notifications/resources/list_changed']);
  });

  it('name a module with a bundle, a path in it, and a name of their own', () => {
    const mistakes = (skill: object, modules: object[] = [MODULE], files = true): string[] =>
      checkConfig({ skills: [skill], modules }, { support: { files } }).map(({ path, message }) => `${path} ${message}`);
    expect(mistakes({ path: 'a', module_name: 'orders' }, [MODULE], false)).toEqual([]);
    expect(mistakes({ path: 'a', module_name: 'order' })).toEqual([
      expect.stringMatching(/^\$\.skills\[0\]\.module_name modules has no entry for "order"; did you mean "orders"\?: add one/),
    ]);
    expect(mistakes({ path: 'a', module_name: 'orders' }, [{ module_name: 'orders' }])).toEqual([
      expect.stringMatching(
        /^\$\.skills\[0\]\.module_name the module "orders" is in no bundle: its entry of modules has no source/,
      ),
    ]);
    expect(mistakes({ path: 'a/.b', module_name: 'orders' })).toEqual([
      '$.skills[0].path leads through a hidden folder, which bundles do not serve',
    ]);
    expect(mistakes({ path: '../a', module_name: 'orders' })).toHaveLength(1);
    const twice = [MODULE, { ...MODULE, class_name: 'A', sha256: 'a'.repeat(64) }, { ...MODULE, class_name: 'B' }];
    expect(mistakes({ path: 'a', module_name: 'orders' }, twice.slice(1))).toEqual([
      expect.stringMatching(/^\$\.skills\[0\]\.module_name modules has several entries for "orders" with different code/),
    ]);
    expect(
      checkConfig({ skills: [{ path: 'a/refunds' }, { path: 'refunds', module_name: 'orders' }], modules: [MODULE] }),
    ).toMatchObject([
      { path: '$.skills[1].path', message: expect.stringMatching(/^"refunds" is the name of \$\.skills\[0\] too/) },
    ]);
    expect(inspectConfigText(JSON.stringify(document)).warnings).toEqual([]);
  });
});

it('a skill that changes is told to clients of the partitions whose catalog has it, and to those that subscribed to its file', async () => {
  let tell: SkillListener = () => undefined;
  let closed = 0;
  const watch = (listener: SkillListener) => ((tell = listener), { close: () => undefined });
  const daemon = daemonOf({ skills: { ...skills, watch, close: () => void (closed += 1) } });
  const events: object[] = [];
  daemon.events.subscribe('default', (event) => void events.push(event));
  await legacy(daemon);
  tell('skills/refunds', ['skill://refunds/SKILL.md', 'skill://refunds/new.md']);
  tell('skills/others', ['skill://others/SKILL.md']);
  expect(events).toMatchObject([
    { type: 'list_changed', partition: 'default', list: 'resources' },
    { type: 'resource_updated', partition: 'default', uri: 'skill://refunds/SKILL.md' },
    { type: 'resource_updated', partition: 'default', uri: 'skill://refunds/new.md' },
  ]);
  await daemon.close();
  expect(closed).toBe(1);
});

describe('a subscription to a file of a skill', () => {
  const URI = 'skill://refunds/SKILL.md';
  const scoped = parseConfig(JSON.stringify({ skills: [{ path: 'skills/refunds', scopes: ['money'] }] })).definition;
  const subscribe = { uri: URI };
  const listen = { notifications: { resourceSubscriptions: [URI] } };

  it('gets its updates', async () => {
    let tell: SkillListener = () => undefined;
    const daemon = daemonOf({ skills: { ...skills, watch: (listener: SkillListener) => ((tell = listener), { close() {} }) } });
    const client = await legacy(daemon);
    expect(resultOf(await client.request('resources/subscribe', subscribe))).toEqual({});
    expect(errorOf(await client.request('resources/subscribe', { uri: 'skill://refunds/none.md' }))).toMatchObject({
      code: -32002,
    });
    tell('skills/refunds', [URI]);
    await until(() => client.of('notifications/resources/updated').length > 0);
    expect(client.of('notifications/resources/updated')).toEqual([{ uri: URI }]);
  });

  it('needs the scopes of the skill', async () => {
    const daemon = daemonOf({ catalog: scoped });
    const none = { identity: { scopes: new Set<string>() } };
    for (const answer of [
      await (await legacy(daemon, none)).request('resources/subscribe', subscribe),
      await modern(daemon, none).request('subscriptions/listen', listen),
    ])
      expect(errorOf(answer)).toMatchObject({ code: -32043, data: { scopes: ['money'] } });
  });
});
