/** A daemon for the tests of the console: the built command as an operator starts it, on an SQLite store, with users and functions. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Value } from '../../packages/sqlite/src/engine/connection.js';
import { chooseEngine } from '../../packages/sqlite/src/engine/engine.js';
import { bin, environment } from '../interop/sidecar.js';
import { until } from '../until.js';

/** The admin's token. It never expires. */
export const ADMIN_TOKEN = 'an-admin-token-for-the-tests-of-the-console';
const JWT_SECRET = 'a-secret-of-the-tests-of-the-console';

/** The password of all users. */
export const PASSWORD = 'correct horse battery';

/** Markup, a script, control characters and a mark that reverses the direction of writing. */
export const HOSTILE = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u0007\u202ejavascript:`;

/** A picture of one dot. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

const MODULE = `
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
export const greet = ({ name }) => \`Hello, \${name}! \${${JSON.stringify(HOSTILE)}}\`;
export async function wait({ ms }, context) {
  context.progress(1, 2, 'half way');
  const go = new URL('go', import.meta.url);
  for (let left = ms; left > 0 && !existsSync(go); left -= 20) await sleep(20, undefined, { signal: context.signal });
  rmSync(go, { force: true });
  return 'waited';
}
export function fail() { throw new Error("It failed as asked. " + ${JSON.stringify(HOSTILE)}); }
export function book({ room }, context) {
  const { answer } = context.inputs;
  const schema = { type: 'object', properties: { nights: { type: 'integer', minimum: 1 } }, required: ['nights'] };
  return answer === undefined
    ? context.inputRequired({ answer: context.elicit(\`How long in \${room}?\`, schema) })
    : \`Booked \${room}: \${answer.action} \${answer.content?.nights}\`;
}
export const echo = (given) => ({ content: [{ type: 'text', text: JSON.stringify(given) }, PICTURE, LINK], structuredContent: given });
const PICTURE = { type: 'image', mimeType: 'image/png', data: '${PIXEL}' };
const LINK = { type: 'resource_link', name: 'the status', uri: 'status://now' };
export const status = (uri) => ({ uri, healthy: true });
export const letter = ({ to }) => \`Write to \${to}.\`;
export class Shelf {
  find({ id }) { return { id }; }
}
`;

const text = { type: 'string' };

/** A schema with each kind of field that a form can have. */
const FIELDS = {
  type: 'object',
  properties: {
    mail: { ...text, format: 'email', title: 'Address', description: 'Where to write to' },
    site: { ...text, format: 'uri' },
    day: { ...text, format: 'date' },
    secret: { ...text, format: 'password' },
    story: { ...text, maxLength: 1_000 },
    size: { type: 'integer', minimum: 1, examples: [3] },
    weight: { type: 'number' },
    loud: { type: 'boolean' },
    colour: { enum: ['red', 'green'] },
    names: { type: 'array', items: text, maxItems: 2 },
    place: { type: 'object', properties: { city: text }, required: ['city'] },
    either: { oneOf: [{ type: 'integer', title: 'a number' }, text] },
    version: { const: 2 },
    free: {},
  },
  required: ['mail', 'colour'],
};
const tool = (name: string, properties: object, more: object = {}): object => ({
  ...{ name, description: HOSTILE, inputSchema: { type: 'object', properties, required: Object.keys(properties) } },
  ...more,
});
const link = (name: string, type = 'tool', more: object = {}): object => ({
  ...{ type, name, module_name: './functions.mjs', function_name: name },
  ...more,
});

/** A config with one function of each kind. @param greeting the description of `greet` */
export const configOf = (greeting: string = HOSTILE, extra: object = {}): string =>
  JSON.stringify({
    tools: [
      tool(
        'greet',
        { name: { ...text, minLength: 2, title: HOSTILE, description: HOSTILE }, ...extra },
        { description: greeting },
      ),
      tool('wait', { ms: { type: 'integer', minimum: 0 } }),
      tool('fail', {}),
      tool('book', { room: text }),
      tool('find', { id: text }),
      { name: 'echo', description: 'Answers with its arguments.', inputSchema: FIELDS },
    ],
    resources: [{ name: 'status', uri: 'status://now', description: HOSTILE }],
    prompts: [{ name: 'letter', description: HOSTILE, arguments: [{ name: 'to', required: true, description: HOSTILE }] }],
    module_links: [
      ...['greet', 'wait', 'fail', 'book', 'echo'].map((name) => link(name)),
      link('find', 'tool', { class_name: 'Shelf' }),
      link('status', 'resource'),
      link('letter', 'prompt'),
    ],
    modules: [{ module_name: './functions.mjs', class_name: 'Shelf', setting: { key: 'a secret value', from: 'env:SHELF_KEY' } }],
  });

/** A running daemon. */
export interface ConsoleDaemon {
  readonly origin: string;
  readonly port: number;
  /** Runs an operation of GraphQL as the admin. @returns its data; throws where there is an error */
  graphql(query: string, variables?: object, partition?: string): Promise<Record<string, unknown>>;
  /** Applies a config as an operator does who uses the API. @returns the digest of the revision */
  apply(config: string, note: string, partition?: string): Promise<string>;
  /** Applies a config to `default` with the command, which needs no user. */
  applyByCommand(config: string): Promise<void>;
  /** Calls a tool as a model's host does. */
  call(name: string, given: object, options?: { readonly client?: string; readonly partition?: string }): Promise<void>;
  /** Runs statements on the file of the store, as another program. Each has its values by position. */
  sql(...statements: readonly (readonly [string, ...Value[]])[]): void;
  /** Waits until the first row of a query has this value in its only column. */
  untilRow(sql: string, value: Value): Promise<void>;
  /** Lets the running call of `wait` return. */
  release(): Promise<void>;
  /** Ends the daemon. */
  stop(): Promise<void>;
  /** Starts it again on the same port. @param secret another one makes all tokens invalid */
  start(secret?: string): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Starts a daemon. The users are admin; ulf, a user of `default`; and vera, a viewer of `alpha` alone. @param more other settings */
export async function startDaemon(more: Readonly<Record<string, string>> = {}): Promise<ConsoleDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-console-'));
  await writeFile(join(folder, 'functions.mjs'), MODULE);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const env = {
    ...environment(),
    ...{ HOME: folder, ADMIN_STATIC_TOKEN: ADMIN_TOKEN, ADMIN_PASSWORD: PASSWORD, SHELF_KEY: 'x' },
    ...{ LOCAL_USER_FILE: join(folder, 'users.json'), MCP_DATA_DIR: join(folder, 'data'), MCP_RATE_LIMIT: '0' },
    ...more,
  };
  const connect = chooseEngine();
  let ended: Promise<void> | undefined;
  let end = (): void => undefined;

  async function run(args: readonly string[], input: string): Promise<void> {
    const child = spawn(process.execPath, [bin, ...args], { env, cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(input);
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`mcp-daemon ${args.join(' ')} has ended with ${String(code)}`);
  }
  await run(['users', 'add', 'ulf', '--role', 'user', '--password-stdin'], PASSWORD);
  await run(['users', 'add', 'vera', '--role', 'viewer', '--partition', 'alpha', '--password-stdin'], PASSWORD);

  /** One request. @throws where the answer is no success */
  async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path} has answered ${response.status}: ${answer}`);
    return answer.startsWith('{') ? (JSON.parse(answer) as Record<string, unknown>) : {};
  }

  /** A request of MCP, as a model's host makes it. */
  async function rpc(
    partition: string,
    method: string,
    params: { name?: string; arguments?: object },
    client: string,
  ): Promise<void> {
    const { name } = params;
    const _meta = { ...META, 'io.modelcontextprotocol/clientInfo': { name: client, version: '1' } };
    const headers = {
      accept: 'application/json, text/event-stream',
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) },
    };
    await post(`/${partition}/mcp`, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }, headers);
  }
  const list = (partition = 'default'): Promise<void> => rpc(partition, 'tools/list', {}, 'a-host');

  const daemon: ConsoleDaemon = {
    origin,
    port,
    async graphql(query, variables = {}, partition = 'default') {
      const { data, errors } = await post(partition === 'default' ? '/graphql' : `/${partition}/graphql`, { query, variables });
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data as Record<string, unknown>;
    },
    async apply(config, note, partition) {
      const query = `mutation ($config: String, $note: String) {
        applyConfig(configText: $config, note: $note, allowBreaking: true) { plan { revision } }
      }`;
      const { applyConfig } = await daemon.graphql(query, { config, note }, partition);
      const { revision } = (applyConfig as { plan: { revision: string } }).plan;
      // MCP clients get the new catalog, or a partition that is new, within a second or two.
      const isServed = async (): Promise<boolean> => {
        const { cache } = await daemon.graphql('{ cache { revision } }', {}, partition);
        if ((cache as { revision: string | null }).revision === revision) return true;
        await list(partition).catch(() => undefined);
        return false;
      };
      await until(isServed, `the revision ${revision}`);
      return revision;
    },
    async applyByCommand(config) {
      await writeFile(join(folder, 'applied.json'), config);
      await run(['config', 'apply', 'applied.json', '--yes'], '');
    },
    async call(name, given, { client = 'a-host', partition = 'default' } = {}) {
      await rpc(partition, 'tools/call', { name, arguments: given }, client);
    },
    sql(...statements) {
      const connection = connect(join(folder, 'data', 'mcp-daemon.db'), false);
      try {
        connection.exec('PRAGMA busy_timeout = 10000');
        for (const [sql, ...values] of statements) connection.prepare(sql).run(values);
      } finally {
        connection.close();
      }
    },
    async untilRow(sql, value) {
      const connection = connect(join(folder, 'data', 'mcp-daemon.db'), true);
      try {
        const statement = connection.prepare(sql);
        await until(() => Object.values(statement.all([])[0] ?? {})[0] === value, `${value} as the answer to ${sql}`);
      } finally {
        connection.close();
      }
    },
    release: () => writeFile(join(folder, 'go'), ''),
    async stop() {
      end();
      await ended;
    },
    async start(secret = JWT_SECRET) {
      const child = spawn(process.execPath, [bin, '--transport', 'http', '--port', String(port), '--partition', 'default'], {
        ...{ env: { ...env, JWT_SECRET_KEY: secret }, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
      });
      let log = '';
      ended = new Promise((resolve) => child.once('close', () => resolve()));
      end = () => child.kill();
      await new Promise<void>((resolve, reject) => {
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
          log = (log + chunk).slice(-10_000);
          if (log.includes('"msg":"listening on ')) resolve();
        });
        void ended?.then(() => reject(new Error(`the daemon ended before it served: ${log}`)));
      });
    },
    async remove() {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  await daemon.start();
  return daemon;
}
