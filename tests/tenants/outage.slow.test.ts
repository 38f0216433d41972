/** What daemons read of DynamoDB per call, and how they go on while DynamoDB or the bucket does not answer: a proxy is in between. */
import type { Mishap, Proxy } from '../../packages/aws/test/proxy.js';
import { startProxy } from '../../packages/aws/test/proxy.js';
import type { Row } from '../../packages/aws/test/python-engine.js';
import { until } from '../until.js';
import type { Place } from './people.js';
import { connectV1, post, textOf } from './people.js';
import type { Server, World } from './world.js';
import { createWorld, DYNAMO_ENGINES } from './world.js';

const CODE = `
export class Work {
  echo({ text }) { return text; }
  large({ size }) { return 'x'.repeat(size); }
}
`;
const LINK = { module_name: 'work', class_name: 'Work' };
const READS = /^(Get|BatchGet|Query|Scan|Describe)/;

describe.each(DYNAMO_ENGINES)('on %s', (engine) => {
  let world: World;
  let dynamo: Proxy;
  let s3: Proxy;
  let server: Server;
  let place: Place;

  beforeAll(async () => {
    world = await createWorld(engine);
    await world.write('work.mjs', CODE);
    const { python } = world;
    await python.putModule('acme', 'work', [{ class_name: 'Work', setting_id: 'one' }]);
    await python.putSetting('acme', 'one', { key: 'value' });
    for (const [name, argument, type] of [
      ['echo', 'text', 'string'],
      ['large', 'size', 'integer'],
    ] as const) {
      await python.putFunction('acme', {
        ...{ name, mcp_type: 'tool', ...LINK, function_name: name },
        data: { input_schema: { type: 'object', properties: { [argument]: { type } } } },
      });
    }
    expect(await world.run('store', 'init')).toMatchObject({ code: 0 });
    dynamo = await startProxy(world.endpoints.dynamo);
    s3 = await startProxy(world.endpoints.s3);
    server = await world.serve({ DYNAMODB_ENDPOINT: dynamo.endpoint, S3_ENDPOINT: s3.endpoint });
    place = { url: server.url, partition: 'acme' };
  });
  afterEach(() => {
    dynamo.behave = () => 'none';
    s3.behave = () => 'none';
  });
  afterAll(async () => {
    await world.remove();
    await dynamo.stop();
    await s3.stop();
  });

  const echo = async (text: string): Promise<string> => {
    const { body } = await post(place, 'tools/call', { name: 'echo', arguments: { text } });
    return textOf(body['result']) ?? JSON.stringify(body);
  };
  /** The texts that were echoed, of the calls that are written and have ended. */
  const recorded = async (prefix: string): Promise<string[]> => {
    const rows: Row[] = await world.python.rows('mcp-function_calls', 'acme');
    const ended = rows.filter((row) => row['status']?.S === 'completed');
    return ended.map((row) => row['arguments']?.M?.['text']?.S ?? '').filter((text) => text.startsWith(prefix));
  };
  const texts = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix} ${String(index).padStart(4, '0')}`);

  test('a warm daemon reads nothing for a call: one small read per second tells whether the partition has changed', async () => {
    expect(await echo('warm up')).toBe('warm up');
    await until(async () => (await recorded('warm up')).length === 1, 'the first record');
    const asked: string[] = [];
    dynamo.behave = ({ action, body }) => {
      const { TableName = '' } = JSON.parse(body) as { TableName?: string };
      asked.push(READS.test(action) ? `reads ${TableName}` : action);
      return 'none';
    };
    const began = performance.now();
    const wanted = texts('warm', 500);
    for (const text of wanted) expect(await echo(text)).toBe(text);
    const { client } = await connectV1(place);
    for (let list = 0; list < 20; list += 1) await client.listTools();
    await client.close();
    const seconds = (performance.now() - began) / 1_000;
    const reads = asked.filter((what) => what.startsWith('reads'));
    // By the clock and not by the calls: each second the partition's head, each minute which processes with tasks have ended.
    const looks = reads.filter((what) => what === 'reads mcp-state').length;
    expect(looks).toBeLessThanOrEqual(Math.ceil(seconds / 60) + 1);
    expect(reads.filter((what) => !['reads mcp-state', 'reads mcp-revisions'].includes(what))).toEqual([]);
    expect(reads.length - looks).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
    await until(async () => (await recorded('warm 0')).length === 500, 'all records');
    // One write per call at most; under load a batch has up to 25 records.
    const writes = asked.filter((what) => !what.startsWith('reads'));
    expect(new Set(writes)).toEqual(new Set(['BatchWriteItem']));
    expect(writes.length).toBeLessThanOrEqual(500);
  });

  test.each<[Mishap]>([['silence'], ['reset before'], ['status 500'], [{ error: 'ProvisionedThroughputExceededException' }]])(
    'calls go on while DynamoDB answers with %j, and their records are written when it is back',
    async (mishap) => {
      const name = JSON.stringify(mishap).slice(0, 12);
      expect(await echo(`${name} before`)).toBe(`${name} before`);
      dynamo.behave = () => mishap;
      const wanted = texts(name, 200);
      expect(await Promise.all(wanted.slice(0, 100).map(echo))).toEqual(wanted.slice(0, 100));
      // The outage is noticed by then, and calls go on.
      await until(() => /does not answer|cannot be written/.test(server.log()), 'the log');
      for (const text of wanted.slice(100)) expect(await echo(text)).toBe(text);
      expect(await recorded(name)).not.toContain(wanted[199]);
      dynamo.behave = () => 'none';
      await until(async () => (await recorded(`${name} 0`)).length === 200, 'all records');
      expect(new Set(await recorded(`${name} 0`)).size).toBe(200);
      expect(server.log()).not.toMatch(/"lost":[1-9]/);
    },
  );

  test('a partition that nothing is known of is an error while DynamoDB does not answer, and is served when it is back', async () => {
    dynamo.behave = () => 'reset before';
    const cold = { url: server.url, partition: 'cold' };
    const { text } = await post(cold, 'tools/list');
    expect(text).toContain('could not be loaded');
    const known = await post(place, 'tools/list');
    expect(known.text).toContain('"echo"');
    dynamo.behave = () => 'none';
    expect((await post(cold, 'tools/list')).text).toContain('There is no partition');
  });

  test('while the bucket is gone, calls with large results go on, and their records are written', async () => {
    s3.behave = () => 'reset before';
    const large = async (size: number): Promise<number> => {
      const { body } = await post(place, 'tools/call', { name: 'large', arguments: { size } });
      return textOf(body['result'])?.length ?? -1;
    };
    // One that a row can hold, and one that waits until the bucket is back.
    for (const size of [40_000, 200_000]) expect(await large(size)).toBe(size);
    const sizes = async (): Promise<Map<string | undefined, Row>> => {
      const rows = (await world.python.rows('mcp-function_calls', 'acme')).filter((row) => row['name']?.S === 'large');
      return new Map(rows.map((row) => [row['arguments']?.M?.['size']?.N, row]));
    };
    await until(async () => (await sizes()).has('40000'), 'the smaller one');
    expect((await sizes()).get('40000')).toMatchObject({ content_in_s3: { BOOL: false }, status: { S: 'completed' } });
    expect(await echo('beside the bucket')).toBe('beside the bucket');
    await until(async () => (await recorded('beside')).length === 1, 'a small record');
    s3.behave = () => 'none';
    await until(async () => (await sizes()).get('200000')?.['content_in_s3']?.BOOL === true, 'the larger one');
    const uuid = (await sizes()).get('200000')?.['mcp_function_call_uuid']?.S ?? '';
    expect(await world.python.getObject(`mcp_content/${uuid}.json`)).toContain('x'.repeat(200_000));
  });

  test('with the promise "answered", a call that is running when DynamoDB stops answering is answered and recorded when it is back', async () => {
    const other = await world.serve({ DYNAMODB_ENDPOINT: dynamo.endpoint, MCP_RECORD_PROMISE: 'answered' });
    const there = { url: other.url, partition: 'acme' };
    const call = async (text: string): Promise<string | undefined> =>
      textOf((await post(there, 'tools/call', { name: 'echo', arguments: { text } })).body['result']);
    expect(await call('promised before')).toBe('promised before');
    // Its in_process row is written; the one of its end is not.
    let isGone = false;
    dynamo.behave = ({ action, body }) => {
      isGone ||= action === 'BatchWriteItem' && body.includes('promised meanwhile') && body.includes('completed');
      return isGone ? 'reset before' : 'none';
    };
    const answer = call('promised meanwhile');
    await until(() => isGone, 'the outage');
    dynamo.behave = () => 'none';
    expect(await answer).toBe('promised meanwhile');
    await until(async () => (await recorded('promised')).length === 2, 'the record');
    expect(await recorded('promised')).toEqual(expect.arrayContaining(['promised before', 'promised meanwhile']));
    expect(await other.stop()).toBe(0);
  });

  test('a daemon that is told to end while DynamoDB is gone ends, and says what is lost', async () => {
    const other = await world.serve({ DYNAMODB_ENDPOINT: dynamo.endpoint });
    const there = { url: other.url, partition: 'acme' };
    expect((await post(there, 'tools/call', { name: 'echo', arguments: { text: 'x' } })).status).toBe(200);
    dynamo.behave = () => 'reset before';
    expect((await post(there, 'tools/call', { name: 'echo', arguments: { text: 'lost at the end' } })).status).toBe(200);
    await other.stop();
    expect(other.log()).toMatch(/lost/);
  });
});
