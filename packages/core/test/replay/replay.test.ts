import { ignoredPaths } from '../../src/base/difference.js';
import type { CallRecord, Daemon, FunctionDefinition, JsonObject } from '../../src/index.js';
import {
  createMemoryStore,
  defineCatalog,
  definePrompt,
  defineResource,
  elicit,
  inputRequired,
  replayCall,
  replayOf,
} from '../../src/index.js';
import { Client, daemonWith, legacy, META, tool } from '../support.js';

const READ_ONLY = { annotations: { readOnlyHint: true } };

async function newest(daemon: Daemon): Promise<CallRecord> {
  const [record] = (await (await daemon.store()).calls.list('default', { limit: 1 })).items;
  if (record === undefined) throw new Error('no record');
  return record;
}

/** Calls a function, and returns its record. */
async function recorded(daemon: Daemon, method: string, params: JsonObject, meta: JsonObject = META): Promise<CallRecord> {
  await new Client(daemon, meta).request(method, params);
  return newest(daemon);
}

const call = (daemon: Daemon, name: string, args: JsonObject = {}, meta?: JsonObject) =>
  recorded(daemon, 'tools/call', { name, arguments: args }, meta);

/** A daemon whose functions can be replaced. */
function changing(functions: readonly FunctionDefinition[]) {
  const daemon = daemonWith(functions);
  return { daemon, replace: (next: readonly FunctionDefinition[]) => daemon.update(defineCatalog({ functions: next })) };
}

describe('a replay of a recorded call', () => {
  it('runs the function again with its arguments, and finds no difference', async () => {
    const daemon = daemonWith([tool('add', ({ a, b }) => Number(a) + Number(b), READ_ONLY)]);
    const record = await call(daemon, 'add', { a: 1, b: 2 });
    const replay = await replayCall(daemon, record);
    expect(replay).toMatchObject({ same: true, differences: [], note: null, name: 'add', partition: 'default' });
    expect(replay.after.result).toEqual({ content: [{ type: 'text', text: '3' }] });
    expect(replay.after.timeSpent).toBeGreaterThanOrEqual(0);
  });

  it('is a record of its own, which names the call that it repeats', async () => {
    const daemon = daemonWith([tool('add', () => 1, READ_ONLY)]);
    const record = await call(daemon, 'add');
    const { after } = await replayCall(daemon, record);
    const made = await newest(daemon);
    expect(made.mcp_function_call_uuid).toBe(after.callId);
    expect(replayOf(made)).toBe(record.mcp_function_call_uuid);
    expect(replayOf(record)).toBeUndefined();
    const found = await (await daemon.store()).calls.list('default', { client: 'mcp-daemon-replay' });
    expect(found.items).toHaveLength(1);
  });

  it('gives the function the subject of the recorded call', async () => {
    const daemon = daemonWith([tool('whoami', (_, { subject }) => subject, READ_ONLY)]);
    const client = new Client(daemon, META, { subject: 'ada' });
    await client.call('whoami');
    expect((await replayCall(daemon, await newest(daemon))).same).toBe(true);
  });

  it('shows how the result of other code differs, by path', async () => {
    const { daemon, replace } = changing([tool('sum', () => ({ total: 3, at: 1 }), { ...READ_ONLY, returnType: 'json' })]);
    const record = await call(daemon, 'sum');
    replace([tool('sum', () => ({ total: 4, at: 2 }), { ...READ_ONLY, returnType: 'json' })]);
    const all = await replayCall(daemon, record);
    expect(all.same).toBe(false);
    expect(all.differences.map(({ path }) => path)).toEqual([
      '$.content[0].text.total',
      '$.content[0].text.at',
      '$.structuredContent.total',
      '$.structuredContent.at',
    ]);
    const read = ignoredPaths(['at', '$.structuredContent']);
    if ('wrong' in read) throw new Error(read.wrong);
    const { differences } = await replayCall(daemon, record, { ignore: read.paths });
    expect(differences).toEqual([{ path: '$.content[0].text.total', kind: 'changed', before: 3, after: 4 }]);
  });

  it('shows a function that fails now, and one that fails no more', async () => {
    const { daemon, replace } = changing([tool('f', () => 'fine', READ_ONLY)]);
    const fine = await call(daemon, 'f');
    const broken = (): never => {
      throw new Error('broken');
    };
    replace([tool('f', broken, READ_ONLY)]);
    expect(await replayCall(daemon, fine)).toMatchObject({ same: false, after: { status: 'failed', fault: 'tool' } });
    const failed = await call(daemon, 'f');
    expect((await replayCall(daemon, failed)).same).toBe(true);
  });

  it('shows that arguments do not fit the schema that the function has now', async () => {
    const schema = (type: string) => ({ ...READ_ONLY, inputSchema: { type: 'object', properties: { n: { type } } } });
    const { daemon, replace } = changing([tool('f', ({ n }) => n, schema('string'))]);
    const record = await call(daemon, 'f', { n: 'one' });
    replace([tool('f', ({ n }) => n, schema('number'))]);
    const replay = await replayCall(daemon, record);
    expect(replay).toMatchObject({ same: false, after: { status: 'failed', fault: 'protocol' } });
    expect(JSON.stringify(replay.after.result)).toContain('Invalid arguments');
  });

  it('reads resources and gets prompts again, also those that failed', async () => {
    const functions = [
      defineResource({ name: 'status', uri: 'app://status', run: () => 'up' }),
      defineResource({
        name: 'user',
        uriTemplate: 'app://users/{id}',
        run: () => {
          throw new Error('no such user');
        },
      }),
      definePrompt({ name: 'greet', arguments: [{ name: 'who' }], run: ({ who }) => `Hello ${who}` }),
    ];
    const daemon = daemonWith(functions);
    for (const [method, params, result] of [
      ['resources/read', { uri: 'app://status' }, { contents: [{ text: 'up' }] }],
      ['resources/read', { uri: 'app://users/7' }, { error: 'no such user' }],
      ['prompts/get', { name: 'greet', arguments: { who: 'Ada' } }, { messages: [{ content: { text: 'Hello Ada' } }] }],
    ] as const) {
      const replay = await replayCall(daemon, await recorded(daemon, method, params));
      expect(replay).toMatchObject({ same: true, note: null, before: { result }, after: { result } });
    }
  });

  it('compares the record of a client of an older version without what such clients do not get', async () => {
    const daemon = daemonWith([tool('list', () => [1, 2], { ...READ_ONLY, returnType: 'json' })]);
    await (await legacy(daemon)).call('list');
    const record = await newest(daemon);
    expect(record.content).not.toContain('structuredContent');
    expect((await replayCall(daemon, record)).same).toBe(true);
  });

  it('does not compare the uuid of the call where the result has it', async () => {
    const daemon = daemonWith([tool('id', (_, { callId }) => `call ${callId}`, READ_ONLY)]);
    expect((await replayCall(daemon, await call(daemon, 'id'))).same).toBe(true);
  });

  it('compares redacted results as far as they are known', async () => {
    const record = { bodies: 'all', redact: ['$.structuredContent.token', '$.content'] };
    const secret = (token: string, n: number) =>
      tool('login', () => ({ token, n }), { ...READ_ONLY, returnType: 'json', record });
    const { daemon, replace } = changing([secret('old', 1)]);
    const made = await call(daemon, 'login');
    replace([secret('new', 1)]);
    expect((await replayCall(daemon, made)).same).toBe(true);
    replace([tool('login', () => ({ token: 'plain', n: 2 }), { ...READ_ONLY, returnType: 'json' })]);
    const { differences } = await replayCall(daemon, made);
    expect(differences).toEqual([{ path: '$.structuredContent.n', kind: 'changed', before: 1, after: 2 }]);
  });

  it('compares the status alone where the result was not recorded', async () => {
    const record = { bodies: 'arguments', redact: [] };
    const daemon = daemonWith([tool('f', () => Math.random(), { ...READ_ONLY, record })]);
    const replay = await replayCall(daemon, await call(daemon, 'f'));
    expect(replay).toMatchObject({ same: true, before: { result: null } });
    expect(replay.note).toContain('only the status is compared');
  });

  it('says that a function asks the user something, and compares the question if that was recorded', async () => {
    const ask = tool('ask', (_, { inputs }) => inputs['sure'] ?? inputRequired({ sure: elicit('Sure?', {}) }), READ_ONLY);
    const daemon = daemonWith([ask]);
    const meta = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const question = await call(daemon, 'ask', {}, meta);
    expect(await replayCall(daemon, question)).toMatchObject({ same: true, note: null });
  });

  describe('of a function that asks', () => {
    const meta = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const answers = { date: { action: 'accept', content: { day: 'Monday' } }, sure: { action: 'decline' } };
    const book = (policy: JsonObject = {}): FunctionDefinition =>
      tool(
        'book',
        (_, { inputs, state }) => {
          if (inputs['date'] === undefined) return inputRequired({ date: elicit('When?', {}) }, 'asked');
          if (inputs['sure'] === undefined) return inputRequired({ sure: elicit('Sure?', {}) }, 'asked again');
          return `${JSON.stringify(inputs)} ${String(state)}`;
        },
        { ...READ_ONLY, ...policy },
      );

    async function asked(daemon: Daemon): Promise<CallRecord> {
      const client = new Client(daemon, meta);
      let more: JsonObject = {};
      for (const name of ['date', 'sure', 'end'] as const) {
        const { result } = (await client.call('book', {}, more)) as { result: JsonObject };
        if (name !== 'end') more = { inputResponses: { [name]: answers[name] }, requestState: result['requestState'] };
      }
      return newest(daemon);
    }

    it('gives it the recorded answers, round by round', async () => {
      const daemon = daemonWith([book()]);
      const record = await asked(daemon);
      expect(record.content).toContain('"io.mcp-daemon/answers":{"date"');
      const replay = await replayCall(daemon, record);
      expect(replay).toMatchObject({ same: true, note: null, differences: [] });
      expect(JSON.stringify(replay.after.result)).toContain('Monday');
      expect(JSON.stringify([replay.before.result, replay.after.result])).not.toContain('io.mcp-daemon/answers');
      expect(await replayCall(daemon, await newest(daemon))).toMatchObject({ same: true }); // a replay of the replay
      await daemon.close();
    });

    it('gives it the answers of a client before 2026-07-28, too', async () => {
      const daemon = daemonWith([book()]);
      const client = await legacy(daemon, { capabilities: { elicitation: {} } });
      client.onRequest = ({ params }) => ({ result: params?.['message'] === 'When?' ? answers.date : answers.sure });
      await client.call('book');
      expect(await replayCall(daemon, await newest(daemon))).toMatchObject({ same: true, note: null });
    });

    it('stops at a question that the record has no answer to, and says so', async () => {
      const daemon = daemonWith([book()]);
      const record = await asked(daemon);
      daemon.update(
        defineCatalog({
          functions: [tool('book', (_, { inputs }) => inputs['other'] ?? inputRequired({ other: elicit('?', {}) }), READ_ONLY)],
        }),
      );
      const replay = await replayCall(daemon, record);
      expect(replay).toMatchObject({ same: false, note: 'the function asks for input, and the record has no answer to it' });
      await daemon.close();
    });

    it('has no answers where the record policy redacts anything', async () => {
      const daemon = daemonWith([book({ record: { bodies: 'all', redact: ['$.pin'] } })]);
      const record = await asked(daemon);
      expect(record.content).not.toContain('io.mcp-daemon/answers');
      expect((await replayCall(daemon, record)).note).toContain('the record has no answer to it');
      await daemon.close();
    });

    it('does not approve a call again by itself', async () => {
      const sure = tool('sure', () => 'done', { ...READ_ONLY, approve: 'always' });
      const daemon = daemonWith([sure]);
      const client = await legacy(daemon, { capabilities: { elicitation: {} } });
      client.onRequest = () => ({ result: { action: 'accept', content: { approve: true } } });
      await client.call('sure');
      const record = await newest(daemon);
      expect(record.status).toBe('completed');
      expect(record.content).not.toContain('answers');
      const replay = await replayCall(daemon, record);
      expect(replay.after.result?.['resultType']).toBe('input_required');
    });
  });
});

describe('a call that cannot be replayed', () => {
  const why = async (daemon: Daemon, record: CallRecord, force = false): Promise<string> => {
    const before = (await (await daemon.store()).calls.count('default', {})) as number;
    const error: unknown = await replayCall(daemon, record, { force }).then(
      () => new Error('it was replayed'),
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: 'not_replayable' });
    expect(await (await daemon.store()).calls.count('default', {})).toBe(before);
    return (error as Error).message;
  };

  it('is one of a function that may change something, unless it is forced', async () => {
    const daemon = daemonWith([tool('write', () => 'done')]);
    const record = await call(daemon, 'write');
    expect(await why(daemon, record)).toContain('does not have the annotation readOnlyHint');
    expect((await replayCall(daemon, record, { force: true })).same).toBe(true);
  });

  it('is one whose arguments the policy did not keep, redacted or cut', async () => {
    const metadata = { record: { bodies: 'metadata', redact: [] } };
    const redacting = { record: { bodies: 'all', redact: ['$.pin'] } };
    const daemon = daemonWith(
      [
        tool('a', () => 1, { ...READ_ONLY, ...metadata }),
        tool('b', () => 1, { ...READ_ONLY, ...redacting }),
        tool('c', () => 1, READ_ONLY),
      ],
      { limits: { maxRecordedBytes: 1_000 } },
    );
    expect(await why(daemon, await call(daemon, 'a', { n: 1 }))).toContain('arguments were not recorded');
    expect(await why(daemon, await call(daemon, 'b', { pin: 1 }), true)).toContain('replaced by [redacted]');
    expect(await why(daemon, await call(daemon, 'c', { text: 'x'.repeat(2_000) }))).toContain('too large to be recorded whole');
    const record = await call(daemon, 'c');
    expect(await why(daemon, { ...record, arguments: 'not JSON' })).toContain('no JSON object');
    expect(await why(daemon, { ...record, status: 'in_process' })).toContain('it still runs');
  });

  it('is one of a function that is gone, or is of another kind now', async () => {
    const { daemon, replace } = changing([tool('f', () => 1, READ_ONLY)]);
    const record = await call(daemon, 'f');
    replace([definePrompt({ name: 'f', run: () => 'text' })]);
    expect(await why(daemon, record)).toContain('has a prompt of this name now');
    replace([]);
    expect(await why(daemon, record)).toContain('has no tool of this name');
  });

  it('is one of a store of another daemon whose partition this one does not serve', async () => {
    const store = createMemoryStore();
    const daemon = daemonWith([tool('f', () => 1, READ_ONLY)], { store });
    const record = { ...(await call(daemon, 'f')), partition_key: 'other' };
    await expect(replayCall(daemon, record)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
