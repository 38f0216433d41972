/** Records that are written in a thread of its own: the built package, because only that has the thread's file. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BlobStore, CallRecord } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import { exampleRecord, storeContract } from '@mcp-daemon/core/contract';

import type { Identity } from '../src/base/sigv4.js';
import type { RecordWriter } from '../src/dynamodb/record-writer.js';
import type { ThreadWriter, ThreadWriterOptions } from '../src/dynamodb/thread-writer.js';
import { createThreadWriter } from '../src/dynamodb/thread-writer.js';
import type * as Source from '../src/index.js';
import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { initDynamoStore } from '../src/index.js';
import type { Proxy } from './proxy.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { CREDENTIALS, LOCAL, startDynalite } from './support.js';

const dist = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
const threadPath = dist('dynamodb/dynamo-thread.js');
const { openDynamoStore } = (await import(dist('index.js'))) as typeof Source;

let dynamo: Engine;
let proxy: Proxy;
const opened: { close: () => unknown }[] = [];

beforeAll(async () => {
  expect(existsSync(threadPath)).toBe(true);
  dynamo = await startDynalite();
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  proxy = await startProxy(dynamo.endpoint);
});

afterEach(async () => {
  proxy.behave = () => 'none';
  for (const store of opened.splice(0)) await store.close();
});

afterAll(async () => {
  await proxy.stop();
  await dynamo.stop();
});

const QUICK = { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, deadlineMs: 3_000 };

async function open(options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const more = { endpoint: proxy.endpoint, expireAfterMs: 0, closeMs: 500 };
  const store = await openDynamoStore({ ...LOCAL, ...QUICK, ...more, ...options });
  opened.push(store);
  return store;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const keyOf = (row: CallRecord): [string, string] => [row.partition_key, row.mcp_function_call_uuid];

/** A log that keeps its messages. */
function listen(): { logger: Required<Pick<ThreadWriterOptions, 'logger'>>['logger']; said: string[] } {
  const said: string[] = [];
  const say = (_: object, message: string): void => void said.push(message);
  return { logger: { error: say, info: say, warn: say }, said };
}

describe.each(['none', 'months'] as const)('the contract of a store with a thread, on dynalite, spread: %s', (spread) => {
  for (const check of storeContract) {
    it(check.name, async () => {
      const engine = await startDynalite();
      await initDynamoStore({ ...LOCAL, endpoint: engine.endpoint });
      await check.run(() => openDynamoStore({ ...LOCAL, endpoint: engine.endpoint, expireAfterMs: 0, spread }));
      await engine.stop();
    });
  }
});

describe('a store with a thread', () => {
  it('starts the thread with the first record, and a call is one request', async () => {
    const alone = await startProxy(dynamo.endpoint);
    const store = await open({ endpoint: alone.endpoint, countUnits: true });
    const row = exampleRecord({ partition_key: 'first', owner: store.owner, notes: 'a "note"\n\u2028 ü', time_spent: 0.125 });
    void store.calls.write([{ ...row, status: 'in_process', content: null, time_spent: null }]);
    void store.calls.write([row]);
    await until(() => store.stats().written === 1);
    expect(alone.seen).toEqual(['BatchWriteItem']);
    expect(store.stats()).toMatchObject({ requests: 1, retries: 0, waiting: 0, inFlight: 0, lost: 0 });
    expect(store.stats().writeUnits).toBeGreaterThan(0);
    expect(await store.calls.get(...keyOf(row))).toEqual(row);
    await store.close();
    await alone.stop();
  });

  it('keeps what waits while DynamoDB is gone, says so once, and writes it later', async () => {
    const { logger, said } = listen();
    const store = await open({ openAfterMs: 0, ...(logger === undefined ? {} : { logger }) });
    proxy.behave = () => 'reset before';
    const rows = Array.from({ length: 60 }, (_, index) => exampleRecord({ partition_key: 'gone', name: `f${index}` }));
    for (const row of rows) void store.calls.write([row]);
    await until(() => store.stats().retries > 2 && said.length > 0);
    expect(said).toEqual(['call records cannot be written now; they wait']);
    expect(store.stats().waiting + store.stats().inFlight).toBe(60);
    expect(await store.calls.get(...keyOf(rows[7] as CallRecord))).toEqual(rows[7]);
    await expect(store.calls.list('gone', {})).rejects.toMatchObject({ name: 'DaemonError', code: 'store_busy' });
    proxy.behave = () => 'none';
    await until(() => store.stats().written === 60);
    expect((await store.calls.list('gone', {})).items).toHaveLength(60);
    await until(() => said.length === 2);
    expect(said[1]).toBe('call records are written again');
  });

  it('drops the oldest records of the largest tenant beyond the bound, and counts them', async () => {
    const { logger, said } = listen();
    const store = await open({ maxWaiting: 50, ...(logger === undefined ? {} : { logger }) });
    proxy.behave = () => 'silence';
    const quiet = exampleRecord({ partition_key: 'quiet' });
    void store.calls.write([quiet]);
    void store.calls.write(Array.from({ length: 200 }, () => exampleRecord({ partition_key: 'loud' })));
    await until(() => store.lost === 151);
    expect(said.filter((text) => text.startsWith('call records are lost'))).toHaveLength(1);
    expect(await store.calls.get(...keyOf(quiet))).toEqual(quiet);
  });

  it('counts what is left when it closes as lost', async () => {
    const { logger, said } = listen();
    const store = await open({ closeMs: 300, ...(logger === undefined ? {} : { logger }) });
    proxy.behave = () => 'reset before';
    void store.calls.write([exampleRecord(), exampleRecord()]);
    await store.close();
    expect(store.lost).toBe(2);
    expect(said.some((text) => text.startsWith('call records are lost'))).toBe(true);
  });

  it('counts throttling of the thread for the metrics', async () => {
    const store = await open();
    let left = 3;
    proxy.behave = ({ action }) =>
      action === 'BatchWriteItem' && left-- > 0 ? { error: 'ProvisionedThroughputExceededException' } : 'none';
    void store.calls.write([exampleRecord()]);
    await until(() => store.stats().written === 1);
    expect(store.counts()).toMatchObject({ throttled: 1, lost: 0 });
  });

  it('moves large payloads by the blob store of the main thread, before their rows', async () => {
    const kept = new Map<string, Uint8Array>();
    let isGone = true;
    const blobs: BlobStore = {
      name: 'test',
      put(key, bytes) {
        if (isGone) throw new DaemonError('store_busy', 'S3 is gone.');
        kept.set(key, bytes);
      },
      get: (key) => kept.get(key),
      delete: (key) => void kept.delete(key),
    };
    const store = await open({ blobs });
    const row = exampleRecord({ partition_key: 'large', content: JSON.stringify('ü'.repeat(100_000)), content_in_s3: false });
    void store.calls.write([row]);
    await expect(store.calls.list('large', {})).rejects.toMatchObject({ code: 'store_busy' });
    isGone = false;
    await until(() => store.stats().written === 1);
    expect([...kept.keys()]).toEqual([`mcp_content/${row.mcp_function_call_uuid}.json`]);
    expect(await store.calls.get(...keyOf(row))).toMatchObject({ content: row.content });
  });
});

describe('the thread', () => {
  const written: CallRecord[] = [];
  const local: RecordWriter = {
    write: (rows) => void written.push(...rows),
    find: () => undefined,
    drain: () => Promise.resolve(undefined),
    counts: { waiting: 0, inFlight: 0, written: 0, lost: 0 },
    close: () => Promise.resolve(),
  };

  function start(options: Partial<ThreadWriterOptions>): ThreadWriter {
    const { hostname, port } = new URL(proxy.endpoint);
    const writer = createThreadWriter({
      path: threadPath,
      data: {
        address: { protocol: 'http:', hostname, port: Number(port), path: '/', region: 'eu-central-1' },
        limits: QUICK,
        queue: { maxRows: 100, maxChars: 1_000_000, openAfterMs: 0, gatherMs: 0 },
        ...{ countUnits: false, spread: 'none', owner: 'me', offloadBytes: 16_384, expireAfterMs: 0 },
      },
      blobs: undefined,
      credentials: () => Promise.resolve(CREDENTIALS),
      logger: undefined,
      gatherMs: 1,
      fallback: () => local,
      ...options,
    });
    opened.push({ close: () => writer.close(500) });
    return writer;
  }

  it('asks for credentials once, and again before they end', async () => {
    let asked = 0;
    const of = (identity: Partial<Identity>): (() => Promise<Identity>) => {
      asked = 0;
      return () => {
        asked += 1;
        return Promise.resolve({ ...CREDENTIALS, sessionToken: `T${asked}`, ...identity });
      };
    };
    const lasting = start({ credentials: of({}) });
    for (let index = 0; index < 3; index += 1) {
      void lasting.write([exampleRecord()]);
      expect(await lasting.drain()).toBeUndefined();
    }
    expect(asked).toBe(1);
    const ending = start({ credentials: of({ expiration: new Date(Date.now() + 60_000) }) });
    for (let index = 0; index < 3; index += 1) {
      void ending.write([exampleRecord()]);
      expect(await ending.drain()).toBeUndefined();
    }
    expect(asked).toBe(3);
  });

  it('says what is wrong with credentials, and asks for them again', async () => {
    let isWrong = true;
    const credentials = (): Promise<Identity> =>
      isWrong
        ? Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }))
        : Promise.resolve(CREDENTIALS);
    const writer = start({ credentials });
    void writer.write([exampleRecord()]);
    expect(await writer.drain()).toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('There are no AWS credentials for DynamoDB') as string,
    });
    isWrong = false;
    await until(() => writer.counts.written === 1);
  });

  it('that ends by itself costs what it had, which is counted and logged; later records are written without it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'thread-'));
    const path = join(folder, 'ends.mjs');
    await writeFile(
      path,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (it) => { if ('find' in it) process.exit(3); });`,
    );
    const { logger, said } = listen();
    const writer = start({ path, logger });
    void writer.write([exampleRecord(), exampleRecord()]);
    expect(await writer.find('default', 'x')).toBeUndefined();
    expect(writer.counts).toEqual({ waiting: 0, inFlight: 0, written: 0, lost: 2 });
    expect(said).toEqual(['call records are lost: the thread that writes them has ended: exit code 3']);
    const row = exampleRecord();
    void writer.write([row]);
    expect(written).toEqual([row]);
    expect(await writer.drain()).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  it('that takes nothing holds no more than the bound', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'thread-'));
    const path = join(folder, 'waits.mjs');
    await writeFile(path, `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => undefined);`);
    const writer = start({ path });
    for (let index = 0; index < 300; index += 1) void writer.write([exampleRecord()]);
    expect(writer.counts).toMatchObject({ waiting: 101, lost: 199 });
    await rm(folder, { recursive: true });
  });
});
