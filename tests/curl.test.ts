/** The curl commands of the pages call a tool when they are pasted into a shell. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import { createLocalAuth } from '@mcp-daemon/express/local';

import { root } from './walls.js';

const TOKEN = 'a-static-token-of-more-than-32-characters';

const hello = defineTool({
  name: 'hello',
  inputSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  run: ({ name }) => `Hello, ${String(name)}!`,
});

/** The shell fences of a page that send something to /mcp. */
const fences = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, commands = '']) => commands)
    .filter((commands) => /curl\b[^|]* localhost:8000\/mcp\b/.test(commands));

/** One command of a fence: the one that begins so, with its lines. The next command begins at the start of a line, too. */
const command = (fence: string, beginning: string): string => {
  const [first = '', ...rest] = fence.slice(fence.indexOf(`\n${beginning}`) + 1).split('\n');
  const next = rest.findIndex((line) => /^\w/.test(line));
  return [first, ...(next === -1 ? rest : rest.slice(0, next))].join('\n');
};

let daemon: Daemon;
let server: HttpServer;

beforeAll(async () => {
  daemon = createDaemon({ catalog: defineCatalog({ functions: [hello] }) });
  const auth = await createLocalAuth({
    ...{ userFile: '/nowhere/users.json', jwtSecret: 'a secret of the tests, which is long enough' },
    adminStaticToken: TOKEN,
  });
  server = await serveHttp(daemon, { auth, port: 0 });
});
afterAll(async () => {
  await server.close({ drainMs: 10 });
  await daemon.close({ drainMs: 10 });
});

/** Runs commands as a user does who has a token. @returns what they print */
async function paste(commands: string): Promise<string> {
  const here = commands.replaceAll('localhost:8000', `127.0.0.1:${server.port}`);
  const env = { PATH: process.env['PATH'], TOKEN };
  return (await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', here], { env })).stdout;
}

test('README.md calls a tool in one command', async () => {
  const [fence = '', ...more] = fences('README.md');
  expect(more).toEqual([]);
  expect(JSON.parse(await paste(command(fence, 'curl localhost:8000/mcp')))).toMatchObject({
    result: { content: [{ type: 'text', text: 'Hello, Ada!' }] },
  });
});

test('docs/http.md calls a tool without a session, and in one', async () => {
  const found = fences('docs/http.md');
  expect(found).toHaveLength(2);
  for (const commands of found) expect(await paste(commands)).toContain('"content":[{"type":"text","text":"Hello, Ada!"}]');
});
