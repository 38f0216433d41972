import type { CopiedPartition } from '@mcp-daemon/core';
import { openSqliteStore } from '@mcp-daemon/sqlite';

import type { Mishap } from '../../../aws/test/proxy.js';
import { startProxy } from '../../../aws/test/proxy.js';
import { emptyBucket, objectKeys, putItem, startFauxqs } from '../../../aws/test/support.js';
import { TempFolder } from '../support.js';
import type { StoredFolder } from './stored-support.js';
import { CLASS_MODULE, classConfig, storedFolder } from './stored-support.js';

let stored: StoredFolder;
let dynamo: StoredFolder;

beforeEach(async () => {
  stored = await storedFolder('sqlite');
  dynamo = await storedFolder('dynamodb');
  await stored.folder.write('mcp.json', classConfig('a', 'b'));
  await stored.folder.write('demo.mjs', CLASS_MODULE);
});

afterEach(async () => {
  await stored.stop();
  await dynamo.stop();
});

const run = (...args: string[]) => stored.folder.run(args, { env: { ...dynamo.env, ...stored.env, MCP_STORE: 'sqlite' } });

it('"store copy" copies a store to DynamoDB and back, and writes nothing twice', async () => {
  await run('config', 'apply', 'mcp.json', '--partition', 'acme', '--yes');
  expect((await run('call', 'a', '--config', 'mcp.json')).stdout).toBe('key TOPSECRET\n');
  const copied = await run('store', 'copy', 'sqlite', 'dynamodb');
  expect(copied.code).toBe(0);
  expect(copied.stdout).toMatch(
    /^PARTITION +SETTINGS +REVISIONS +ROWS +STATE +RECORDS +CHECK\nacme +1 of 1 +1 of 1 +3 of 3 +0 of 0 +0 of 0 +equal\n/,
  );
  expect(copied.stdout).toMatch(/\ndefault +0 of 0 +0 of 0 +0 of 0 +0 of 0 +1 of 1 +equal\n$/);
  expect(copied.stderr).toContain('acme: settings: 1 of 1\n');
  const again = JSON.parse((await run('store', 'copy', 'sqlite', 'dynamodb', '--json')).stdout) as CopiedPartition[];
  expect(again.map(({ partition, records, rows }) => [partition, records.written, rows.written])).toEqual([
    ['acme', 0, 0],
    ['default', 0, 0],
  ]);
  const back = await run(
    'store',
    'copy',
    `dynamodb:${dynamo.env['DYNAMODB_ENDPOINT']}`,
    'sqlite:new/copy.db',
    '--no-records',
    '--partition',
    'acme',
  );
  expect(back.code).toBe(0);
  expect(back.stdout).toMatch(/\nacme +1 of 1 +1 of 1 +3 of 3 +0 of 0 +0 of 0 +equal\n$/);
  expect((await dynamo.run(['config', 'plan', stored.folder.at('mcp.json'), '--partition', 'acme'])).stdout).toMatch(
    /^no changes/,
  );

  await run('config', 'apply', 'mcp.json', '--partition', 'new', '--yes');
  await dynamo.run(['config', 'apply', stored.folder.at('mcp.json'), '--partition', 'new', '--yes']);
  const other = await run('store', 'copy', 'sqlite', 'dynamodb', '--partition', 'new');
  expect(other.code).toBe(1);
  expect(other.stdout).toContain('differs new: the target has another history of this partition');
});

it('"store copy" moves large results to a bucket, and reads them there again', async () => {
  const s3 = await startFauxqs('payloads');
  const bucket = { FUNCT_BUCKET_NAME: 'payloads', S3_ENDPOINT: s3.endpoint };
  const withBucket = (...args: string[]) =>
    stored.folder.run(args, { env: { ...dynamo.env, ...stored.env, ...bucket, MCP_STORE: 'sqlite' } });
  try {
    await stored.folder.write('large.mjs', `export const large = ({ kind }) => kind.repeat(600_000);`);
    await stored.folder.write('large.json', {
      tools: [{ name: 'large', inputSchema: { type: 'object', properties: { kind: { type: 'string' } } } }],
      module_links: [{ name: 'large', module_name: 'large', function_name: 'large' }],
    });
    await withBucket('call', 'large', '{"kind":"é"}', '--config', 'large.json', '--record-max-body-bytes', '5000000');
    const there = await withBucket('store', 'copy', 'sqlite', 'dynamodb');
    expect(there.stdout).toMatch(/\ndefault .* 1 of 1 +equal\n$/);
    expect(await objectKeys(s3.endpoint, 'payloads')).toEqual([expect.stringMatching(/^mcp_content\/[-0-9a-f]{36}\.json$/)]);
    const back = await withBucket('store', 'copy', 'dynamodb', 'sqlite:back/mcp-daemon.db');
    expect(back.stdout).toMatch(/\ndefault .* 1 of 1 +equal\n$/);
    const shown = await stored.folder.run(['calls', 'show', 'last', '--json', '--data-dir', 'back'], {});
    expect(shown.stdout).toContain('é'.repeat(1_000));

    await emptyBucket(s3.endpoint, 'payloads');
    const env = { ...dynamo.env, ...bucket };
    const gone = await stored.folder.run(['calls', 'show', 'last'], { env });
    expect(gone).toMatchObject({ code: 1, stdout: '' });
    expect(gone.stderr).toMatch(/ is gone: there is no mcp_content\//);
    const exported = await stored.folder.run(['records', 'export'], { env });
    const stderr = '1 result could not be read from the bucket, and is left out: "calls show ID" says why\n';
    expect(exported).toMatchObject({ code: 1, stderr });
    expect(await stored.folder.run(['calls', 'list', '--json'], { env })).toMatchObject({ code: 0, stderr });
    expect(exported.stdout).toContain('"content":null');
  } finally {
    await s3.stop();
  }
});

it('"store copy" takes calls of the Python engine to SQLite, where they get ids of their time', async () => {
  const at = { S: '2026-03-08T12:00:00.123456+0000' };
  const Item = {
    ...{ partition_key: { S: 'default' }, mcp_function_call_uuid: { S: '1234567890123456789' } },
    ...{ name: { S: 'hello' }, mcp_type: { S: 'tool' }, status: { S: 'completed' }, content: { S: 'by Python' } },
    ...{
      arguments: { M: {} },
      time_spent: { N: '2000' },
      updated_by: { S: 'mcp_daemon_engine' },
      created_at: at,
      updated_at: at,
    },
  };
  await putItem(dynamo.env['DYNAMODB_ENDPOINT'] ?? '', 'mcp-function_calls', Item);
  const copyAll = () => dynamo.folder.run(['store', 'copy', 'dynamodb', 'sqlite:taken.db'], { env: dynamo.env });
  expect((await copyAll()).stdout).toMatch(/\ndefault .* 1 of 1 +equal\n$/);
  expect((await copyAll()).stdout).toMatch(/\ndefault .* 0 of 1 +equal\n$/);
  const store = await openSqliteStore({ file: dynamo.folder.at('taken.db') });
  const { items } = await store.calls.list('default', {});
  await store.close();
  expect(items).toMatchObject([{ name: 'hello', content: 'by Python', created_at: Date.parse('2026-03-08T12:00:00.123Z') }]);
});

it('"store copy" of a partition that is not there fails', async () => {
  expect(await dynamo.run(['store', 'copy', 'dynamodb', 'sqlite:none.db', '--partition', 'typo'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('dynamodb has nothing of the partition "typo"\n') as string,
  });
});

it('"store copy" that is stopped by Ctrl+C says so, and goes on when it is run again', async () => {
  await run('config', 'apply', 'mcp.json', '--partition', 'acme', '--yes');
  for (let count = 0; count < 3; count += 1) await run('call', 'a', '--config', 'mcp.json');
  const proxy = await startProxy(dynamo.env['DYNAMODB_ENDPOINT'] ?? '');
  try {
    let reached: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const isWriting = new Promise<void>((resolve) => (reached = resolve));
    const released = new Promise<void>((resolve) => (goOn = resolve));
    proxy.behave = async ({ action }): Promise<Mishap> => {
      if (action !== 'BatchWriteItem') return 'none';
      reached();
      await released;
      return 'none';
    };
    const env = { ...dynamo.env, ...stored.env, MCP_STORE: 'sqlite', DYNAMODB_ENDPOINT: proxy.endpoint };
    const child = stored.folder.start(['store', 'copy', 'sqlite', 'dynamodb'], { env });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await isWriting;
    child.kill('SIGINT');
    goOn();
    expect(await ended).toBe(130);
    expect(stderr).toContain('stopped: run the same command again to go on');
  } finally {
    await proxy.stop();
  }
  const again = await run('store', 'copy', 'sqlite', 'dynamodb');
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/\nacme .*equal\n/);
  expect(again.stdout).toMatch(/\ndefault .* of 3 +equal\n$/);
});

it('"store copy" refuses the same store twice, a file that is missing, and what names no store', async () => {
  expect(await run('store', 'copy', 'sqlite:gone.db', 'dynamodb')).toMatchObject({
    code: 2,
    stderr: `mcp-daemon: there is no file ${stored.folder.at('gone.db')}\n`,
  });
  await run('config', 'apply', 'mcp.json', '--yes');
  expect(await run('store', 'copy', 'sqlite', 'sqlite:data')).toMatchObject({
    code: 2,
    stderr: 'mcp-daemon: <from> and <to> are the same store\n',
  });
  for (const name of ['sqlit', 'sqlite:', 'memory', 'dynamodb:'])
    expect((await run('store', 'copy', 'sqlite', name)).stderr).toContain(`<to>: must be sqlite, sqlite:PATH,`);
  const unreachable = await run('store', 'copy', 'sqlite', 'dynamodb:http://127.0.0.1:1');
  expect(unreachable.code).toBe(1);
  expect(unreachable.stderr).toMatch(/\n?mcp-daemon: DynamoDB cannot be reached .*\n$/);
});

it('a partition of the store is served without a config file, and its calls are found by revision', async () => {
  await run('config', 'apply', 'mcp.json', '--partition', 'acme', '--yes');
  const empty = new TempFolder();
  try {
    await empty.write('demo.mjs', CLASS_MODULE);
    const sidecar = await empty.sidecar(['--partition', 'acme'], { env: stored.env });
    expect(await sidecar.call('a')).toBe('key TOPSECRET');
    sidecar.child.stdin.end();
    await sidecar.exited;
  } finally {
    empty.remove();
  }
  const [{ revision } = { revision: '' }] = JSON.parse(
    (await run('config', 'history', '--partition', 'acme', '--json')).stdout,
  ) as { revision: string }[];
  const calls = (...more: string[]) => run('calls', 'list', '--partition', 'acme', ...more);
  for (const part of [revision, revision.slice(0, 8)])
    expect(JSON.parse((await calls('--revision', part, '--json')).stdout)).toMatchObject([{ name: 'a', revision }]);
  expect(JSON.parse((await calls('--revision', 'f'.repeat(64), '--json')).stdout)).toEqual([]);
  const unknown = await calls('--revision', 'abcdef0');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('--revision: The partition "acme" has no revision "abcdef0"');
  expect((await run('calls', 'show', 'last', '--partition', 'acme')).stdout).toContain(revision);
  const exported = await run('records', 'export', '--partition', 'acme', '--revision', revision.slice(0, 8));
  expect(exported.stdout.trim().split('\n')).toHaveLength(1);
  expect((await run('store', 'init')).stderr).toContain('the sqlite store needs no "store init"');
});

it('"store init" may be repeated, and "store check" names what is missing', async () => {
  const repeated = await dynamo.run(['store', 'init', '--json']);
  expect(JSON.parse(repeated.stdout)).toMatchObject({ created: [] });
  const check = await dynamo.run(['store', 'check']);
  expect(check).toMatchObject({ code: 0, stderr: '' });
  const [, region] = /^ok +DynamoDB in (\S+) answers$/m.exec(check.stdout) ?? [];
  // What is right is short; what is not is there in full: dynalite has no TTL.
  expect(check.stdout.trimEnd().split('\n')).toEqual([
    `ok      DynamoDB in ${String(region)} answers`,
    'ok      6 tables, with keys and indexes',
    expect.stringMatching(/^ok {6}\d\d permissions on tables$/),
    expect.stringMatching(/^warning expiry of mcp-\S+: This engine does not remove expired rows/),
    expect.stringMatching(/^warning expiry of mcp-\S+: This engine does not remove expired rows/),
    expect.stringMatching(/^the store in \S+ can be used, /),
  ]);
  const verbose = await dynamo.run(['store', 'check', '--verbose']);
  // Names of the API, not those of minified classes.
  expect(verbose.stdout).toContain('dynamodb:BatchGetItem on mcp-functions');
  const { findings } = JSON.parse((await dynamo.run(['store', 'check', '--json'])).stdout) as { findings: object[] };
  expect(verbose.stdout.trimEnd().split('\n')).toHaveLength(findings.length + 1);
  const unreachable = await dynamo.run(['store', 'check', '--dynamodb-endpoint', 'http://127.0.0.1:1']);
  expect(unreachable.code).toBe(1);
  expect(unreachable.stdout).not.toMatch(/^ok/m);
  expect(unreachable.stdout).toMatch(/^error {3}mcp-\S+: /m);
});
