/** Records that a thread sends: the built package, because only that has the thread's file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { CallRecord } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../tests/until.js';
import type { Sender } from '../src/dynamodb/sender.js';
import { createSender } from '../src/dynamodb/sender.js';
import { pack, unpack } from '../src/dynamodb/sender-messages.js';
import type * as Source from '../src/index.js';
import { initDynamoStore } from '../src/index.js';
import type { Proxy } from './proxy.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { CREDENTIALS, LOCAL, startDynalite } from './support.js';

const dist = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
const { openDynamoStore } = (await import(dist('index.js'))) as typeof Source;

let dynamo: Engine;
let proxy: Proxy;
let sender: Sender;
const said: string[] = [];

/** Creates a sender to the proxy. @param path the file of its thread */
function create(path: string): Sender {
  const { hostname, port } = new URL(proxy.endpoint);
  return createSender({
    path,
    keyOf: (partition) => partition,
    expireAfterMs: 0,
    logger: { error: (_, message) => void said.push(message) },
    wire: {
      address: { protocol: 'http:', hostname, port: Number(port), path: '/', region: 'eu-central-1' },
      credentials: async () => CREDENTIALS,
      counts,
      countUnits: true,
      ...{ connectTimeoutMs: 30_000, requestTimeoutMs: 30_000, deadlineMs: 90_000 },
    },
  });
}
let counts = { requests: 0, retries: 0, throttled: 0, readUnits: 0, writeUnits: 0 };

beforeAll(async () => {
  dynamo = await startDynalite();
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  proxy = await startProxy(dynamo.endpoint);
});

beforeEach(() => {
  counts = { requests: 0, retries: 0, throttled: 0, readUnits: 0, writeUnits: 0 };
  said.length = 0;
  sender = create(dist('dynamodb/sender-thread.js'));
});

afterEach(async () => {
  proxy.behave = () => 'none';
  await sender.close();
});

afterAll(async () => {
  await proxy.stop();
  await dynamo.stop();
});

/** Records with all that a record may have, and with as little. */
const examples = (partition: string, count = 25): CallRecord[] =>
  Array.from({ length: count }, (_, index) =>
    exampleRecord({
      partition_key: partition,
      name: `f${index % 3}`,
      arguments: index % 2 === 0 ? '{"a":[1,{"b":"\\"\\u2028 ü"}],"c":null,"d":1e-7}' : '[1]',
      content: index % 5 === 0 ? null : '{"content":[{"type":"text","text":"a \\"quote\\" \\n"}]}',
      notes: index % 7 === 0 ? 'a note\n\u2028 ü' : null,
      time_spent: index % 4 === 0 ? null : index / 8,
    }),
  );

it('records are the same on the other side', () => {
  const rows = examples('acme');
  expect(unpack(pack(rows, (partition) => partition))).toEqual(rows);
});

it('a thread writes a batch with one request, and counts it', async () => {
  const seen = proxy.seen.length;
  expect(sender.state).toBe('new');
  expect(await sender.write(examples('one'))).toEqual([]);
  expect(sender.state).toBe('running');
  expect(proxy.seen.slice(seen)).toEqual(['BatchWriteItem']);
  expect(counts).toMatchObject({ requests: 1, retries: 0, throttled: 0 });
  expect(counts.writeUnits).toBeGreaterThan(0);
});

it('records that DynamoDB leaves undone are told', async () => {
  const rows = examples('undone');
  proxy.behave = ({ body }) => {
    const { RequestItems: items } = JSON.parse(body) as { RequestItems: Record<string, object[]> };
    return { json: { UnprocessedItems: { 'mcp-function_calls': items['mcp-function_calls']?.slice(3, 5) } } };
  };
  expect(await sender.write(rows)).toEqual(rows.slice(3, 5));
  expect(counts.throttled).toBe(1);
});

it('errors of DynamoDB and of the network come with their names', async () => {
  proxy.behave = () => ({ error: 'ResourceNotFoundException', message: 'no table' });
  await expect(sender.write(examples('errors'))).rejects.toMatchObject({
    ...{ name: 'ResourceNotFoundException', message: 'no table', $metadata: { httpStatusCode: 400 } },
  });
  proxy.behave = () => 'html 200';
  await expect(sender.write(examples('errors'))).rejects.toMatchObject({ name: 'SyntaxError' });
  proxy.behave = () => 'reset before';
  await expect(sender.write(examples('errors'))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(counts).toMatchObject({ requests: 3, retries: 2 });
  proxy.behave = () => 'none';
  expect(await sender.write(examples('errors'))).toEqual([]);
});

it('a thread that ends gives its batches back, says so once, and takes no more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-sender-'));
  const path = join(folder, 'thread.mjs');
  await writeFile(
    path,
    `import { parentPort } from 'node:worker_threads';\nparentPort.once('message', () => process.exit(3));\n`,
  );
  const broken = create(path);
  const results = await Promise.allSettled([broken.write(examples('ends')), broken.write(examples('ends'))]);
  for (const result of results)
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'DaemonError', code: 'store_busy' } });
  expect(broken.state).toBe('ended');
  await expect(broken.write(examples('ends'))).rejects.toMatchObject({ code: 'store_busy' });
  expect(said).toEqual(['the thread that writes call records has ended; they are written without it']);
  await broken.close();
  await rm(folder, { recursive: true });
});

it('a thread that is closed gives its batches back, and says nothing', async () => {
  proxy.behave = () => 'silence';
  const writing = sender.write(examples('closed'));
  writing.catch(() => undefined);
  await until(() => proxy.seen.includes('BatchWriteItem'), 'the request at the server');
  await sender.close();
  await expect(writing).rejects.toMatchObject({ name: 'DaemonError', code: 'closed' });
  expect(said).toEqual([]);
});

it.each(['none', 4] as const)('a store writes many records, small and large, as they are; spread: %s', async (spread) => {
  const store = await openDynamoStore({ ...LOCAL, endpoint: proxy.endpoint, expireAfterMs: 0, spread });
  const partition = `many-${spread}`;
  const rows = examples(partition, 260);
  for (const row of rows) row.owner = store.owner;
  const large = exampleRecord({ partition_key: partition, owner: store.owner, content: JSON.stringify('x'.repeat(20_000)) });
  for (const row of [...rows, large]) void store.calls.write([row]);
  const { items } = await store.calls.list(partition, { limit: 300 });
  expect(items).toHaveLength(261);
  const found = await store.calls.getMany(
    partition,
    rows.map((row) => row.mcp_function_call_uuid),
  );
  expect(found).toEqual(rows);
  expect(store.stats()).toMatchObject({ written: 261, waiting: 0, inFlight: 0, lost: 0 });
  await store.close();
});
