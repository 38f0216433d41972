/** What callers of each role may do and see. */
import { importConfig, recordAt, worldOf } from './support.js';

const CALLS = `{ mcpFunctionCallList { mcpFunctionCallList {
  name updatedBy arguments argumentsState content result contentState notes status timeSpentMs } } }`;

it('a viewer reads, and is refused every change', async () => {
  const world = worldOf();
  await importConfig(world.store);
  const viewer = { role: 'viewer', subject: 'eve' } as const;
  const { data, errors } = await world.ask('{ mcpFunctionList { total } }', {}, viewer);
  expect(errors).toBeUndefined();
  expect(data.mcpFunctionList.total).toBe(4);
  for (const role of ['viewer', 'user'] as const) {
    const refused = await world.ask('mutation { deleteMcpFunction(name: "add") { ok } }', {}, { role });
    expect(refused.data).toEqual({ deleteMcpFunction: null });
    expect(refused.errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  }
  expect((await world.ask('{ mcpFunctionList { total } }')).data.mcpFunctionList.total).toBe(4);
  await world.close();
});

it('a viewer sees that others made calls, but not what was said in them', async () => {
  const world = worldOf();
  await world.store.calls.write([recordAt(1, { updated_by: 'ada' }), recordAt(2, { updated_by: 'eve' })]);
  const { data } = await world.ask(CALLS, {}, { role: 'viewer', subject: 'eve' });
  const [own, other] = data.mcpFunctionCallList.mcpFunctionCallList;
  expect(own).toMatchObject({ updatedBy: 'eve', arguments: { city: 'Zürich' }, argumentsState: 'KEPT', contentState: 'KEPT' });
  expect(other).toEqual({
    ...{ name: 'weather', updatedBy: 'ada', status: 'completed', timeSpentMs: 12.345 },
    ...{ arguments: null, argumentsState: 'WITHHELD', content: null, result: null, contentState: 'WITHHELD', notes: null },
  });
  const admin = await world.ask(CALLS);
  expect(admin.data.mcpFunctionCallList.mcpFunctionCallList[1].contentState).toBe('KEPT');
  await world.close();
});

it('the counters of the daemon are for administrators, beside what everybody may read', async () => {
  const world = worldOf();
  const { data, errors } = await world.ask('{ daemon { store counters { written } } }', {}, { role: 'user' });
  expect(data).toEqual({ daemon: { store: 'memory', counters: null } });
  expect(errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([[['daemon', 'counters'], 'FORBIDDEN']]);
  await world.close();
});

it('the mounted servers of the daemon are for administrators', async () => {
  const world = worldOf();
  const query = '{ daemon { servers { name state failure title functions changes login loginEnds } } }';
  expect((await world.ask(query)).data).toEqual({ daemon: { servers: [] } });
  const status = { name: 'web', functions: 2, leftOut: [], changes: 1, pending: 0, starts: 1 };
  const servers = [
    { ...status, state: 'ready', server: { name: 'web', version: '2' }, login: { state: 'ending', ends: Date.UTC(2030, 0, 1) } },
    { ...status, name: 'gone', state: 'down', failure: 'nothing listens there' },
  ] as const;
  const stats = world.daemon.stats.bind(world.daemon);
  Object.assign(world.daemon, { stats: () => ({ ...stats(), servers }) });
  const { data } = await world.ask(query);
  expect(data.daemon.servers).toEqual([
    {
      name: 'web',
      state: 'READY',
      failure: null,
      title: 'web 2',
      functions: 2,
      changes: 1,
      login: 'ENDING',
      loginEnds: expect.stringContaining('2030-01-01'),
    },
    {
      name: 'gone',
      state: 'DOWN',
      failure: 'nothing listens there',
      title: null,
      functions: 2,
      changes: 1,
      login: null,
      loginEnds: null,
    },
  ]);
  const refused = await world.ask(query, {}, { role: 'user' });
  expect(refused.data).toEqual({ daemon: { servers: null } });
  await world.close();
});

describe('another partition', () => {
  it('its rows are not there, by name, by id and by cursor', async () => {
    const world = worldOf();
    await importConfig(world.store);
    await world.store.calls.write([recordAt(1), recordAt(2), recordAt(3)]);
    const own = await world.ask(`{ mcpFunctionCallList(first: 1) { endCursor mcpFunctionCallList { mcpFunctionCallUuid } }
      mcpFunctionList(first: 1) { endCursor } mcpSettingList(first: 1) { endCursor mcpSettingList { settingId } } }`);
    const uuid = own.data.mcpFunctionCallList.mcpFunctionCallList[0].mcpFunctionCallUuid as string;
    const { settingId } = own.data.mcpSettingList.mcpSettingList[0];
    const other = { partition: 'beta' };
    const { data } = await world.ask(
      `query($uuid: String!, $settingId: String!) { mcpFunctionCall(mcpFunctionCallUuid: $uuid) { name } mcpFunction(name: "add") { name }
        mcpModule(moduleName: "math") { moduleName } mcpSetting(settingId: $settingId) { settingId } }`,
      { uuid, settingId },
      other,
    );
    expect(data).toEqual({ mcpFunctionCall: null, mcpFunction: null, mcpModule: null, mcpSetting: null });
    for (const list of ['mcpFunctionCallList', 'mcpFunctionList', 'mcpSettingList']) {
      const after = own.data[list].endCursor as string;
      expect(await world.codes(`query($after: String) { ${list}(after: $after) { pageSize } }`, { after }, other)).toEqual([
        'INVALID_CURSOR',
      ]);
    }
    await world.close();
  });

  it('is listed for those alone who administer it', async () => {
    const world = worldOf(undefined, { operators: { administers: (_, partition) => partition !== 'gamma' } });
    for (const partition of ['acme', 'beta', 'gamma']) await importConfig(world.store, partition);
    const { data } = await world.ask('{ partitions { partitionList { partitionKey origin } } }');
    expect(data.partitions.partitionList.map(({ partitionKey }: { partitionKey: string }) => partitionKey)).toEqual([
      'acme',
      'beta',
    ]);
    const alone = worldOf(world.store);
    const own = await alone.ask('{ partitions { partitionList { partitionKey } hasNextPage } }');
    expect(own.data.partitions).toEqual({ partitionList: [{ partitionKey: 'acme' }], hasNextPage: false });
    await world.close();
  });
});
