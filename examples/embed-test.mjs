/** How to test your own daemon: with a real client in the same process, and once over a pipe. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { createTransportPair } from 'mcp-daemon';

import { daemon } from './embed.mjs';

async function check(transport) {
  const client = new Client({ name: 'embed-test', version: '1.0.0' });
  await client.connect(transport);
  assert.equal(client.getServerVersion().name, 'embedded');

  const { tools } = await client.listTools();
  assert.deepEqual(tools[0].inputSchema.required, ['a', 'b']); // from zod
  const { structuredContent } = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
  assert.deepEqual(structuredContent, { sum: 5 });
  const wrong = await client.callTool({ name: 'add', arguments: { a: 2, b: 'three' } });
  assert.equal(wrong.isError, true);
  const greeting = await client.callTool({ name: 'greet', arguments: {} });
  assert.equal(greeting.content[0].text, 'Hello, World!');

  const { contents } = await client.readResource({ uri: 'time://now' });
  assert.ok(Date.parse(contents[0].text) > 0);
  const ref = { type: 'ref/prompt', name: 'review' };
  const { completion } = await client.complete({ ref, argument: { name: 'language', value: 'g' } });
  assert.deepEqual(completion.values, ['German', 'Greek']);
  const { messages } = await client.getPrompt({ name: 'review', arguments: { language: 'Greek' } });
  assert.match(messages[0].content.text, /Greek/);
  await client.close();
}

const [near, far] = createTransportPair();
await daemon.connect(far);
await check(near);
assert.equal(daemon.stats().lost, 0);
await daemon.close();

const program = fileURLToPath(new URL('embed.mjs', import.meta.url));
await check(new StdioClientTransport({ command: process.execPath, args: [program] }));

console.log('A program that embeds the daemon serves its functions in memory and over a pipe.');
