/** The GraphQL API of the built command over HTTP. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { auditServer } from 'graphql-http';
import { createClient } from 'graphql-sse';

import { TempFolder, toolsConfig } from '../support.js';

let temp: TempFolder;
let children: ChildProcessWithoutNullStreams[];
beforeEach(async () => {
  children = [];
  temp = new TempFolder();
  await temp.write('mcp.json', toolsConfig('functions', 'one', 'two'));
  await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  temp.remove();
});

/** Starts the command on a free port, without users. @returns its URL */
function start(...args: string[]): Promise<string> {
  const child = temp.start(['--port', '0', '--auth-provider', 'none', '--store', 'memory', ...args], {
    env: { MCP_TRANSPORT: undefined },
  });
  children.push(child);
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`it ended: ${said}`)));
  });
}

interface Answer {
  status: number;
  data?: Record<string, unknown>;
  errors?: { message: string; extensions?: { code?: string } }[];
}

async function ask(url: string, query: string, more: object = {}, path = '/graphql'): Promise<Answer> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, ...more }),
  });
  return { status: answer.status, ...((await answer.json()) as object) };
}

async function call(url: string, name: string): Promise<void> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  await client.callTool({ name, arguments: {} });
  await client.close();
}

describe('the GraphQL API of the command', () => {
  it('shows the catalog of the config file, and the calls', async () => {
    const url = await start();
    await call(url, 'two');
    const query =
      '{ mcpFunctionList { total mcpFunctionList { name } } mcpFunctionCallList { mcpFunctionCallList { name status } } }';
    expect(await ask(url, query)).toMatchObject({
      status: 200,
      data: {
        mcpFunctionList: { total: 2, mcpFunctionList: [{ name: 'one' }, { name: 'two' }] },
        mcpFunctionCallList: { mcpFunctionCallList: [{ name: 'two', status: 'completed' }] },
      },
    });
    // As clients of the Python engine send it.
    const engine = await ask(url, 'query Ping { ping }', { operation_name: 'Ping' }, '/default/mcp_core_graphql');
    expect(engine.data?.['ping']).toMatch(/^Hello at /);
  });

  it('passes the audits of GraphQL over HTTP', async () => {
    const results = await auditServer({ url: `${await start()}/graphql`, fetchFn: fetch });
    expect(results.filter(({ status }) => status !== 'ok').map(({ id, name }) => `${id} ${name}`)).toEqual([]);
  });

  it('sends calls as they happen', async () => {
    const url = await start();
    const client = createClient({ url: `${url}/graphql`, retryAttempts: 0 });
    const events = client.iterate({ query: 'subscription { calls(filter: { status: "completed" }) { type name } }' });
    const first = events.next();
    const calling = setInterval(() => void call(url, 'one').catch(() => undefined), 200);
    expect((await first).value).toEqual({ data: { calls: { type: 'SETTLED', name: 'one' } } });
    clearInterval(calling);
    client.dispose();
  });

  it('has its page, whose files are there', async () => {
    const url = await start();
    const html = await (await fetch(`${url}/default/graphql`, { headers: { accept: 'text/html' } })).text();
    const files = [...html.matchAll(/(?:src|href)="(\.\.\/docs\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect((await fetch(new URL(file, `${url}/default/graphql`))).status).toBe(200);
  });

  it('keeps the limits of its settings', async () => {
    const url = await start('--no-graphql-introspection', '--graphql-max-depth', '2', '--graphql-max-cost', '100');
    const codeOf = async (query: string): Promise<unknown> => (await ask(url, query)).errors?.[0]?.extensions?.code;
    expect(await codeOf('{ __schema { types { name } } }')).toBe('VALIDATION_FAILED');
    expect(await codeOf('{ mcpFunctionList { mcpFunctionList { name } } }')).toBe('LIMIT_EXCEEDED');
    expect(await codeOf('{ mcpFunctionList(first: 1000) { mcpFunctionList { name } } }')).toBe('LIMIT_EXCEEDED');
    expect(await codeOf('{ ping }')).toBeUndefined();
  });

  it('is turned off by --no-graphql', async () => {
    const url = await start('--no-graphql');
    expect((await fetch(`${url}/graphql`, { method: 'POST' })).status).toBe(404);
  });
});
