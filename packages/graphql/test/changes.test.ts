/** Single changes: of functions, modules, settings and records, in partitions with revisions and with rows. */
import type { Store } from '@mcp-daemon/core';
import { createMemoryStore, rowsOf, storedDocument } from '@mcp-daemon/core';

import type { World } from './support.js';
import { CONFIG, importConfig, worldOf } from './support.js';

/** Writes {@link CONFIG} as rows, as the Python engine does. */
async function writeRows({ catalogs }: Store): Promise<void> {
  const { document, settings } = storedDocument(CONFIG);
  const { functions, modules } = rowsOf(document);
  for (const [setting_id, setting] of settings) await catalogs?.putSetting('acme', { setting_id, setting }, 'engine');
  await catalogs?.writeRows('acme', { putFunctions: functions, putModules: modules }, 'engine');
}

const ORIGINS = [
  ['REVISIONS', importConfig],
  ['ROWS', writeRows],
] as const;

describe.each(ORIGINS)('a partition with %s', (origin, prepare) => {
  let world: World;

  beforeEach(async () => {
    world = worldOf(createMemoryStore());
    await prepare(world.store);
  });
  afterEach(() => world.close());

  const history = async (): Promise<string[]> =>
    ((await world.store.catalogs?.history('acme'))?.items ?? []).map(({ action }) => action);

  it('says where its catalog comes from', async () => {
    expect((await world.ask('{ catalog { origin functions badRows { row } } }')).data.catalog).toEqual({
      ...{ origin, functions: 4, badRows: [] },
    });
  });

  it('changes what is given alone: null removes, absent leaves', async () => {
    const read = '{ mcpFunction(name: "add") { description annotations returnType functionName data } }';
    const before = (await world.ask(read)).data.mcpFunction;
    expect(before).toMatchObject({ description: 'Adds numbers', annotations: '{"readOnlyHint":true}', returnType: 'text' });
    const changed = await world.ask(`mutation { insertUpdateMcpFunction(name: "add", description: null, updatedBy: "ada") {
      mcpFunction { description annotations returnType functionName data updatedBy } } }`);
    expect(changed.errors).toBeUndefined();
    expect(changed.data.insertUpdateMcpFunction.mcpFunction).toEqual({ ...before, description: null, updatedBy: 'ada' });
    const other = await world.ask(`mutation { insertUpdateMcpFunction(name: "add", returnType: null, annotations: null) {
      mcpFunction { description annotations returnType } } }`);
    expect(other.data.insertUpdateMcpFunction.mcpFunction).toEqual({ description: null, annotations: null, returnType: null });
    expect(await history()).toEqual(origin === 'ROWS' ? [] : ['edit', 'edit', 'apply']);
  });

  it('keys of data stay as they are, also those that look like the engine’s', async () => {
    const inputSchema = { type: 'object', properties: { some_key: { type: 'string' }, otherKey: {} }, required: ['some_key'] };
    const { data } = await world.ask(
      `mutation($data: JSONCamelCase) { insertUpdateMcpFunction(name: "new", mcpType: "tool", moduleName: "math", functionName: "new",
        data: $data) { mcpFunction { data status createdAt mcpModule { packageName } } } }`,
      { data: { input_schema: inputSchema, title: 'New' } },
    );
    expect(data.insertUpdateMcpFunction.mcpFunction).toEqual({
      data: { inputSchema, title: 'New' },
      status: 1,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/),
      mcpModule: { packageName: 'math' },
    });
  });

  it('refuses what an import would refuse, with all mistakes, and changes nothing', async () => {
    const { data, errors } = await world.ask(
      `mutation { insertUpdateMcpFunction(name: "bad", mcpType: "tool", moduleName: "math", functionName: "x",
        data: { inputSchema: { type: "nothing" } }) { mcpFunction { name } } }`,
    );
    expect(data).toEqual({ insertUpdateMcpFunction: null });
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'CONFIG_INVALID',
      mistakes: [{ path: 'mcp-functions/bad', message: expect.stringContaining('type') }],
    });
    expect((await world.ask('{ mcpFunction(name: "bad") { name } }')).data.mcpFunction).toBeNull();
    const noCode = 'mutation { insertUpdateMcpFunction(name: "bad", mcpType: "tool") { mcpFunction { name } } }';
    expect(await world.codes(noCode)).toEqual(['CONFIG_INVALID']);
    const unknownSource = 'mutation { insertUpdateMcpModule(moduleName: "math", source: "mcp") { mcpModule { moduleName } } }';
    expect(await world.codes(unknownSource)).toEqual(['CONFIG_INVALID']);
    const unknownSetting =
      'mutation { insertUpdateMcpModule(moduleName: "math", classes: [{ settingId: "none" }]) { mcpModule { moduleName } } }';
    expect(await world.codes(unknownSetting)).toEqual(['CONFIG_INVALID']);
  });

  it('removes a function, and says if there is none', async () => {
    const remove = 'mutation { deleteMcpFunction(name: "greet") { ok } }';
    expect((await world.ask(remove)).data).toEqual({ deleteMcpFunction: { ok: true } });
    expect(await world.codes(remove)).toEqual(['NOT_FOUND']);
    expect((await world.ask('{ mcpFunctionList(mcpType: "prompt") { total } }')).data.mcpFunctionList.total).toBe(0);
  });

  it('removes a module that functions use with force only, and then with its functions', async () => {
    const refused = await world.ask('mutation { deleteMcpModule(moduleName: "math") { ok } }');
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'IN_USE', users: ['add', 'greet', 'readme'] });
    const forced = await world.ask('mutation { deleteMcpModule(moduleName: "math", force: true) { ok } }');
    expect(forced.data).toEqual({ deleteMcpModule: { ok: true } });
    const left = await world.ask('{ mcpModuleList { mcpModuleList { moduleName mcpFunctions { name } } } }');
    expect(left.data.mcpModuleList.mcpModuleList).toEqual([{ moduleName: 'weather', mcpFunctions: [{ name: 'weather' }] }]);
  });

  it('takes classes of a module in both spellings', async () => {
    const list = await world.ask('{ mcpSettingList(settingId: "weather") { mcpSettingList { settingId classes } } }');
    const [{ settingId, classes }] = list.data.mcpSettingList.mcpSettingList;
    expect(classes).toEqual(['weather.Weather']);
    const { data, errors } = await world.ask(
      `mutation($classes: [JSONCamelCase]) { insertUpdateMcpModule(moduleName: "weather", classes: $classes) { mcpModule { classes packageName } } }`,
      { classes: [{ class_name: 'Weather', setting_id: settingId }, { className: 'Other' }] },
    );
    expect(errors).toBeUndefined();
    expect(data.insertUpdateMcpModule.mcpModule.packageName).toBe('weather-package');
    expect(data.insertUpdateMcpModule.mcpModule.classes).toMatchObject([
      { className: 'Weather', settingId },
      { className: 'Other' },
    ]);
    const bad = 'mutation { insertUpdateMcpModule(moduleName: "weather", classes: [{ klass: "A" }]) { mcpModule { classes } } }';
    expect(await world.codes(bad)).toEqual(['BAD_USER_INPUT']);
  });

  it('masks settings for everybody, and keeps masked values that are written back', async () => {
    const list = await world.ask('{ mcpSettingList(settingId: "weather") { mcpSettingList { settingId setting } } }');
    const [{ settingId, setting }] = list.data.mcpSettingList.mcpSettingList;
    expect(setting).toEqual({
      ...{ url: '[masked]', key: 'env:WEATHER_KEY', token: '[masked]', retries: '[masked]', strict: true },
    });
    const write = `mutation($id: String, $setting: JSONCamelCase) { insertUpdateMcpSetting(settingId: $id, setting: $setting) {
      mcpSetting { settingId setting } } }`;
    const { errors } = await world.ask(write, { id: settingId, setting: { ...setting, url: 'https://new.test' } });
    expect(errors).toBeUndefined();
    expect((await world.store.catalogs?.setting('acme', settingId as string))?.setting).toEqual({
      ...{ url: 'https://new.test', key: 'env:WEATHER_KEY', token: 'secret-text', retries: 3, strict: true },
    });
    expect(await world.codes(write, { id: settingId, setting: { other: '[masked]' } })).toEqual(['BAD_USER_INPUT']);
    expect(await world.codes(write, { id: 'none', setting: {} })).toEqual(['NOT_FOUND']);
    expect(await world.codes(write, { id: settingId, setting: null })).toEqual(['BAD_USER_INPUT']);
    const made = (await world.ask(write, { setting: { a: { b: 'text' } } })).data.insertUpdateMcpSetting.mcpSetting;
    expect(made.setting).toEqual({ a: { b: '[masked]' } });
    const remove = 'mutation($id: String!) { deleteMcpSetting(settingId: $id) { ok } }';
    expect((await world.ask(remove, { id: made.settingId })).data).toEqual({ deleteMcpSetting: { ok: true } });
    expect(await world.codes(remove, { id: made.settingId })).toEqual(['NOT_FOUND']);
    expect((await world.ask(remove, { id: settingId })).errors?.[0]?.extensions).toMatchObject({
      ...{ code: 'IN_USE', users: ['weather.Weather'] },
    });
  });

  it('refuses updatedBy of somebody else, and takes the caller', async () => {
    const mutations = [
      'deleteMcpFunction(name: "add", updatedBy: "bob") { ok }',
      'insertUpdateMcpFunction(name: "add", updatedBy: "bob") { mcpFunction { name } }',
      'deleteMcpModule(moduleName: "math", updatedBy: "bob") { ok }',
      'insertUpdateMcpModule(moduleName: "math", updatedBy: "bob") { mcpModule { moduleName } }',
      'insertUpdateMcpSetting(setting: {}, updatedBy: "bob") { mcpSetting { settingId } }',
      'insertUpdateMcpFunctionCall(name: "a", mcpType: "tool", updatedBy: "bob") { mcpFunctionCall { name } }',
      'loadMcpConfiguration(mcpConfiguration: {}, updatedBy: "bob") { ok }',
      'applyConfig(config: {}, updatedBy: "bob") { ok }',
      'rollback(revision: "123456", updatedBy: "bob") { ok }',
    ];
    for (const mutation of mutations)
      expect([mutation, await world.codes(`mutation { ${mutation} }`)]).toEqual([mutation, ['FORBIDDEN']]);
  });
});

it('a partition that is not there yet gets rows', async () => {
  const world = worldOf();
  const { errors } = await world.ask(`mutation { insertUpdateMcpFunction(name: "hello", mcpType: "tool", moduleName: "m",
    functionName: "hello", data: { inputSchema: { type: "object" } }) { mcpFunction { name } } }`);
  expect(errors).toBeUndefined();
  expect((await world.ask('{ catalog { origin functions } }')).data.catalog).toEqual({ origin: 'ROWS', functions: 1 });
  await world.close();
});

it('changes of two clients at the same time are both made', async () => {
  const world = worldOf();
  await importConfig(world.store);
  const names = Array.from({ length: 4 }, (_, index) => `tool${index}`);
  const answers = await Promise.all(
    names.map((name) =>
      world.ask(
        `mutation($name: String!) { insertUpdateMcpFunction(name: $name, mcpType: "tool", moduleName: "math", functionName: $name) {
          mcpFunction { name } } }`,
        { name },
      ),
    ),
  );
  expect(answers.map(({ errors }) => errors)).toEqual(names.map(() => undefined));
  const { data } = await world.ask('{ mcpFunctionList(name: "tool") { total } }');
  expect(data.mcpFunctionList.total).toBe(4);
  await world.close();
});

describe('the partition of the config file', () => {
  it('is shown as the daemon serves it, and cannot be changed', async () => {
    const { parseConfig } = await import('@mcp-daemon/core');
    const { definition } = parseConfig(JSON.stringify(CONFIG));
    const world = worldOf(createMemoryStore(), { configPartition: 'default' }, definition);
    await importConfig(world.store, 'default', { ...CONFIG, prompts: [], module_links: CONFIG.module_links?.slice(0, 3) ?? [] });
    const own = { partition: 'default' };
    const { data } = await world.ask(
      `{ catalog { origin functions } mcpFunction(name: "weather") { name mcpType data className updatedBy mcpModule { packageName classes } }
        mcpSettingList { mcpSettingList { settingId setting classes } } }`,
      {},
      own,
    );
    expect(data.catalog).toEqual({ origin: 'FILE', functions: 4 });
    expect(data.mcpFunction).toMatchObject({
      ...{ name: 'weather', mcpType: 'tool', className: 'Weather', updatedBy: null },
      data: { inputSchema: { type: 'object', properties: { city: { type: 'string' } } } },
      mcpModule: { packageName: 'weather-package', classes: [{ className: 'Weather' }] },
    });
    expect(data.mcpSettingList.mcpSettingList[1]).toMatchObject({ setting: { token: '[masked]' }, classes: ['weather.Weather'] });
    for (const mutation of [
      'deleteMcpFunction(name: "add") { ok }',
      'insertUpdateMcpSetting(setting: {}) { mcpSetting { settingId } }',
      'applyConfig(config: {}) { ok }',
    ]) {
      const { errors } = await world.ask(`mutation { ${mutation} }`, {}, own);
      expect(errors?.[0]).toMatchObject({ message: expect.stringContaining('config file'), extensions: { code: 'READ_ONLY' } });
    }
    await world.close();
  });
});

describe('a partition that does not exist yet', () => {
  it('is served at once after the change that makes it, though it was asked for just before', async () => {
    const world = worldOf(createMemoryStore());
    const { catalogs } = world.daemon;
    await expect(async () => catalogs.check('acme')).rejects.toMatchObject({ code: 'invalid_request' });
    const { errors } = await world.ask(
      `mutation($data: JSONCamelCase) {
        insertUpdateMcpModule(moduleName: "math", packageName: "math") { mcpModule { moduleName } }
        insertUpdateMcpFunction(name: "add", mcpType: "tool", moduleName: "math", functionName: "add", data: $data) { mcpFunction { name } } }`,
      { data: { inputSchema: { type: 'object' } } },
    );
    expect(errors).toBeUndefined();
    await catalogs.check('acme');
    expect(catalogs.status('acme')?.definition.functions.map(({ name }) => name)).toEqual(['add']);
    await world.close();
  });
});

it('a config that was planned on an older revision is refused, with who made the newer one', async () => {
  const world = worldOf();
  await importConfig(world.store);
  const { errors } = await world.ask(`mutation($config: JSONCamelCase) { applyConfig(config: $config, parent: null) { ok } }`, {
    config: CONFIG,
  });
  expect(errors).toMatchObject([
    {
      message: expect.stringMatching(/: plan again\. Revision \w{12} was made by importer at \S+Z, by apply \("first"\)\.$/),
      extensions: { code: 'CONFLICT', revisions: [{ author: 'importer', note: 'first', action: 'apply', source: null }] },
    },
  ]);
  await world.close();
});
