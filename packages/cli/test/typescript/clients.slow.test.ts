/** The generated wrapper against real servers, with the official clients of both versions. */
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createDaemon, createTransportPair, loadConfig } from 'mcp-daemon';
import ts from 'typescript';

import { BIN, TempFolder } from '../support.js';
import { errorsOf } from './compile.js';

const CONFIG = {
  tools: [
    {
      name: 'add',
      inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
      outputSchema: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    },
    { name: 'hello', inputSchema: { type: 'object', properties: { name: { type: 'string', default: 'World' } } } },
    { name: 'fail', inputSchema: { type: 'object' } },
    { name: 'wait', inputSchema: { type: 'object' } },
  ],
  resources: [{ name: 'status', uri: 'status://server' }],
  resource_templates: [{ name: 'user', uriTemplate: 'users://{id}{?q}' }],
  prompts: [{ name: 'review', arguments: [{ name: 'text', required: true }] }],
  module_links: [
    ...['add', 'hello', 'fail', 'wait'].map((name) => ({ type: 'tool', name, module_name: 'functions', function_name: name })),
    { type: 'resource', name: 'status', module_name: 'functions', function_name: 'status' },
    { type: 'resource_template', name: 'user', module_name: 'functions', function_name: 'user' },
    { type: 'prompt', name: 'review', module_name: 'functions', function_name: 'review' },
  ],
};

const FUNCTIONS = `
export const add = ({ a, b }) => ({ sum: a + b });
export const hello = ({ name }) => \`Hello, \${name}!\`;
export const fail = () => { throw new Error('it does not work'); };
export const wait = (_, { signal, progress }) => new Promise((resolve) => {
  progress(1, 2, 'waiting');
  signal.addEventListener('abort', () => resolve('stopped'));
});
export const status = () => 'fine';
export const user = (_, { variables }) => JSON.stringify(variables);
export const review = ({ text }) => \`Review \${text}\`;
`;

/** A program that uses everything. It is compiled against the types of both SDKs. */
const PROGRAM = `import { Client as V2 } from '@modelcontextprotocol/client';
import { Client as V1 } from '@modelcontextprotocol/sdk/client/index.js';
import { callTool, createPrompts, createResources, createTools, textOf, ToolError } from './tools.js';

export async function use(client: V1 | V2) {
  const tools = createTools(client);
  const seen: string[] = [];
  const { sum } = await tools.add({ a: 1, b: 2 });
  const error = await tools.fail().catch((thrown: unknown) => thrown);
  const stop = new AbortController();
  const cancelled = await tools
    .wait({}, { signal: stop.signal, onprogress: ({ message }) => { seen.push(String(message)); stop.abort(); } })
    .then(() => 'answered', (thrown: unknown) => !(thrown instanceof ToolError));
  const late = await tools.wait({}, { timeout: 50 }).then(() => 'answered', (thrown: unknown) => !(thrown instanceof ToolError));
  const { messages } = await createPrompts(client).review({ text: 'it' });
  const resources = createResources(client);
  return {
    sum: sum.toFixed(),
    byName: (await callTool(client, 'add', { a: 2, b: 2 })).sum,
    hello: textOf(await tools.hello()),
    named: textOf(await tools.hello({ name: 'Ada' })),
    error: error instanceof ToolError ? [error.name, error.tool, error.message, error.content.length] : error,
    cancelled, late, seen,
    status: (await resources.read('status://server')).map(({ text }) => text),
    user: (await resources.read('users://{id}{?q}', { id: 'a b', q: '&' }))[0]?.text,
    prompt: messages.map(({ role, content }) => [role, content.type === 'text' ? content.text : '']),
  };
}
`;

type Use = (client: ClientV1 | ClientV2) => Promise<unknown>;

describe('the generated wrapper', () => {
  const temp = new TempFolder();
  let use: Use;
  const args = (): string[] => [BIN, '--transport', 'stdio', '--config', temp.at('mcp.json'), '--data-dir', temp.at('data')];

  beforeAll(async () => {
    await temp.write('mcp.json', CONFIG);
    await temp.write('functions.mjs', FUNCTIONS);
    expect(await temp.run(['types', '--out', 'tools.ts'])).toMatchObject({ code: 0 });
    const text = await temp.read('tools.ts');
    expect(errorsOf({ 'tools.ts': text, 'program.ts': PROGRAM })).toEqual([]);
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS };
    const modules: Record<string, object> = { './tools.js': {}, program: {} };
    for (const [name, source] of Object.entries({ './tools.js': text, program: PROGRAM })) {
      const { outputText } = ts.transpileModule(source, { compilerOptions });
      new Function('exports', 'require', outputText)(modules[name], (wanted: string) => modules[wanted]);
    }
    ({ use } = modules['program'] as { use: Use });
  });
  afterAll(() => temp.remove());

  const expected = {
    sum: '3',
    byName: 4,
    hello: 'Hello, World!',
    named: 'Hello, Ada!',
    error: ['ToolError', 'fail', expect.stringContaining('it does not work'), 1],
    cancelled: true,
    late: true,
    seen: ['waiting'],
    status: ['fine'],
    user: '{"id":"a b","q":"&"}',
    prompt: [['user', 'Review it']],
  };

  it('works with SDK v1, over stdio', async () => {
    const client = new ClientV1({ name: 'test', version: '1' });
    await client.connect(new StdioV1({ command: process.execPath, args: args() }));
    try {
      expect(await use(client)).toEqual(expected);
      // After a list, this client checks results by itself.
      await client.listTools();
      expect(await use(client)).toEqual(expected);
    } finally {
      await client.close();
    }
  });

  it.each(['legacy', 'auto'] as const)('works with SDK v2, over stdio, era %s', async (mode) => {
    const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StdioV2({ command: process.execPath, args: args() }));
    try {
      expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy');
      expect(await use(client)).toEqual(expected);
    } finally {
      await client.close();
    }
  });

  it.each([
    ['v1', () => new ClientV1({ name: 'test', version: '1' })],
    ['v2', () => new ClientV2({ name: 'test', version: '1' })],
  ] as const)('works in memory, with SDK %s', async (_, create) => {
    const daemon = createDaemon(await loadConfig(temp.at('mcp.json')));
    const client = create();
    const [near, far] = createTransportPair();
    await daemon.connect(far);
    await client.connect(near as TransportV1);
    try {
      expect(await use(client)).toEqual(expected);
    } finally {
      await client.close();
      await daemon.close();
    }
  });
});
