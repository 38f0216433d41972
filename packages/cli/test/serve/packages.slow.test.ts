/** Packages in S3 over the GraphQL API of the built command, as clients of the Python engine upload them. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFile } from 'node:fs/promises';

import { openS3Bundles } from '@mcp-daemon/aws';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import type { Engine } from '../../../aws/test/support.js';
import { LOCAL, startFauxqs } from '../../../aws/test/support.js';
import { TempFolder, until } from '../support.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'TESTKEY', AWS_SECRET_ACCESS_KEY: 'TESTSECRET', AWS_REGION: 'eu-central-1' };
const BUCKET = 'packages';
const CONFIG = {
  tools: [{ name: 'hello', description: 'Says hello', inputSchema: { type: 'object' } }],
  module_links: [{ type: 'tool', name: 'hello', module_name: 'functions', function_name: 'hello' }],
  modules: [{ module_name: 'functions' }],
};

let s3: Engine;
let temp: TempFolder;
let child: ChildProcessWithoutNullStreams | undefined;
let log = '';

beforeAll(async () => {
  s3 = await startFauxqs(BUCKET);
});
afterAll(() => s3.stop());
beforeEach(() => {
  temp = new TempFolder();
  log = '';
});
afterEach(() => {
  child?.kill('SIGKILL');
  temp.remove();
});

const env = (): Record<string, string | undefined> => ({
  ...KEYS,
  ...{ MCP_TRANSPORT: undefined, S3_ENDPOINT: s3.endpoint, FUNCT_BUCKET_NAME: BUCKET, MCP_DATA_DIR: temp.at('data') },
});

/** Makes a bundle whose tool says a word. */
async function bundleOf(word: string, config: object | null = CONFIG): Promise<Buffer> {
  await temp.write('code/functions.mjs', `export const hello = () => '${word}';`);
  if (config !== null) await temp.write('code/mcp_configuration.json', config);
  const built = await temp.run(['bundle', 'build', 'code', '--out', 'functions.zip'], { env: env() });
  expect(built.code).toBe(0);
  return readFile(temp.at('functions.zip'));
}

/** Starts the command on a free port, without users. @returns its URL */
function start(more: Record<string, string | undefined> = {}): Promise<string> {
  const args = ['--port', '0', '--auth-provider', 'none', '--partition', 'acme', '--bundle-check-ms', '3600000'];
  const started = temp.start(args, { env: { ...env(), ...more } });
  child = started;
  return new Promise((resolve, reject) => {
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    started.once('close', () => reject(new Error(`it ended: ${log}`)));
  });
}

interface Answer {
  data?: Record<string, Record<string, unknown> | null>;
  errors?: { message: string; extensions?: { code?: string } }[];
}

async function ask(url: string, query: string, variables: object = {}): Promise<Answer> {
  const answer = await fetch(`${url}/acme/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await answer.json()) as Answer;
}

/** A partition that is new is found within a second. */
async function isThere(url: string): Promise<void> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  await until(async () => (await fetch(`${url}/acme/mcp`, { method: 'POST', headers, body })).status !== 400);
}

async function hello(url: string): Promise<unknown> {
  await isThere(url);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/acme/mcp`)));
  const { content } = await client.callTool({ name: 'hello', arguments: {} });
  await client.close();
  return (content as { text: string }[])[0]?.text;
}

const GENERATE = `mutation ($name: String!) { generateMcpPackageUploadUrl(packageName: $name) { uploadUrl s3Key } }`;
const PROCESS = `mutation ($name: String!, $module: String, $key: String) {
  processMcpPackage(packageName: $name, moduleName: $module, s3Key: $key) { ok message } }`;
const LOAD = `mutation ($name: String, $module: String, $zip: String) {
  loadMcpConfiguration(packageName: $name, moduleName: $module, packageBase64: $zip) { ok message stats } }`;

describe('packages over GraphQL', () => {
  it('are uploaded by a URL, processed, called, and replaced by another upload', async () => {
    const url = await start();
    const { data } = await ask(url, GENERATE, { name: 'functions' });
    const { uploadUrl, s3Key } = data!['generateMcpPackageUploadUrl'] as { uploadUrl: string; s3Key: string };
    expect(s3Key).toBe('functions.zip');
    expect((await ask(url, PROCESS, { name: 'functions' })).errors?.[0]).toMatchObject({
      message: `There is no bundle s3://${BUCKET}/functions.zip: upload it first.`,
      extensions: { code: 'NOT_FOUND' },
    });
    const upload = await fetch(uploadUrl, { method: 'PUT', body: new Uint8Array(await bundleOf('first')) });
    expect(upload.status).toBe(200);
    expect(await ask(url, PROCESS, { name: 'functions', module: 'functions', key: s3Key })).toEqual({
      data: {
        processMcpPackage: {
          ok: true,
          message: 'Successfully loaded MCP configuration: 1 tools, 0 resources, 0 prompts, 1 modules',
        },
      },
    });
    expect(await hello(url)).toBe('first');

    const zip = (await bundleOf('second')).toString('base64');
    expect((await ask(url, LOAD, { name: 'functions', zip })).data?.['loadMcpConfiguration']).toMatchObject({
      ok: true,
      stats: { tools: 1, modules: 1 },
    });
    expect(await hello(url)).toBe('second'); // at once, although the next look for new versions is an hour away
    const kept = await temp.run(['bundle', 'list', '--versions', '--json'], { env: env() });
    expect(JSON.parse(kept.stdout)).toMatchObject([{ name: 'functions', kept: [{}] }]);

    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready' });
    const broken = await openS3Bundles({ ...LOCAL, bucket: BUCKET, endpoint: s3.endpoint });
    await broken.push('functions', Buffer.from('no archive'));
    expect((await ask(url, PROCESS, { name: 'functions' })).errors?.[0]).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
    });
    await ask(url, LOAD, { name: 'other', zip }); // has the daemon look for new versions
    expect(await hello(url)).toBe('second');
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready', failing_bundles: 1 });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^mcp_daemon_bundles_failing 1$/m);
    await broken.push('functions', await bundleOf('third'));
    await broken.close?.();

    // The config of the bundle that is there.
    expect((await ask(url, LOAD, { module: 'functions' })).data?.['loadMcpConfiguration']).toMatchObject({ ok: true });
    expect(await hello(url)).toBe('third');
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready' });
  });

  it('are refused with the reason, and change nothing', async () => {
    const url = await start();
    const problems = async (...request: [string, object]): Promise<unknown> =>
      (await ask(url, ...request)).errors?.map(({ message, extensions }) => `${extensions?.code}: ${message}`)[0];
    expect(await problems(LOAD, { name: 'bad', zip: Buffer.from('PK\u0003\u0004 and so on').toString('base64') })).toMatch(
      /^BAD_USER_INPUT: the bundle is refused: is cut off/,
    );
    const without = (await bundleOf('x', null)).toString('base64');
    expect(await problems(LOAD, { name: 'bare', zip: without })).toMatch(
      /^BAD_USER_INPUT: .*neither mcp_configuration\.json nor .*MCP_CONFIGURATION/,
    );
    const wrong = (await bundleOf('x', { tools: [{ name: 1 }] })).toString('base64');
    expect(await problems(LOAD, { name: 'wrong', zip: wrong })).toMatch(/^CONFIG_INVALID/);
    const fine = (await bundleOf('x')).toString('base64');
    expect(await problems(LOAD, { zip: fine })).toBe('BAD_USER_INPUT: Give packageName with a zip file.');
    expect(await problems(LOAD, { name: '../x', zip: fine })).toMatch(/^BAD_USER_INPUT: The name of a package begins/);
    expect(await problems(LOAD, { name: 'fine', module: 'other', zip: fine })).toMatch(/has no module "other"/);
    expect(await problems(PROCESS, { name: 'functions', key: 'other.zip' })).toMatch(/s3Key must be "functions\.zip"/);
    expect(await problems(GENERATE, { name: '../x' })).toMatch(/^BAD_USER_INPUT/);
    const { stdout } = await temp.run(['bundle', 'list', '--json'], { env: env() });
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).not.toContain('fine');
  });

  it('work with a folder, but for URLs; and without both the error says what to set', async () => {
    const url = await start({ FUNCT_BUCKET_NAME: undefined, FUNCT_ZIP_PATH: temp.at('zips') });
    const zip = (await bundleOf('from a folder')).toString('base64');
    expect((await ask(url, LOAD, { name: 'functions', zip })).errors).toBeUndefined();
    expect(await hello(url)).toBe('from a folder');
    expect((await ask(url, GENERATE, { name: 'p' })).errors?.[0]).toMatchObject({ extensions: { code: 'NOT_AVAILABLE' } });
    child?.kill('SIGKILL');
    log = '';
    const bare = await start({ FUNCT_BUCKET_NAME: undefined });
    for (const [query, more] of [
      [GENERATE, {}],
      [PROCESS, {}],
      [LOAD, { zip }],
    ] as const)
      expect((await ask(bare, query, { name: 'p', ...more })).errors?.[0]).toMatchObject({
        message: expect.stringMatching(/set FUNCT_BUCKET_NAME, or FUNCT_ZIP_PATH/),
        extensions: { code: 'NOT_AVAILABLE' },
      });
  });

  it('that another program puts into the bucket are run from the source "" of the engine', async () => {
    const url = await start({ MCP_BUNDLE_CHECK_MS: '200' });
    const bucket = await openS3Bundles({ ...LOCAL, bucket: BUCKET, endpoint: s3.endpoint });
    await bucket.push('by_hand', await bundleOf('by hand', null));
    await bucket.close?.();
    const rows = `mutation ($classes: [JSONCamelCase]) {
      insertUpdateMcpModule(moduleName: "functions", packageName: "by_hand", source: "", classes: $classes) { mcpModule { source } }
      insertUpdateMcpFunction(name: "hello", mcpType: "tool", moduleName: "functions", functionName: "hello", data: { inputSchema: { type: "object" } }) { mcpFunction { name } } }`;
    expect((await ask(url, rows, { classes: [] })).errors).toBeUndefined();
    expect(await hello(url)).toBe('by hand');
  });
});
