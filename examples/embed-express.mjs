/**
 * A shop, an ordinary Express app, serves MCP to its customers' agents under /ai. Customers use the shop's own API keys, and calls
 * are recorded under their names. The example starts the app, uses it with an MCP client and with live events, and stops it.
 */
import assert from 'node:assert/strict';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import express from 'express';
import { createDaemon, defineCatalog, defineTool } from 'mcp-daemon';
import { createRouter } from 'mcp-daemon/http';

// The shop as it was before.
const prices = new Map([
  ['tea', 3],
  ['coffee', 4],
]);
const customers = new Map([
  ['key-of-ada', 'ada'],
  ['key-of-bob', 'bob'],
]);
const app = express();
app.get('/prices', (_req, res) => res.json(Object.fromEntries(prices)));

// The tools for agents.
const order = defineTool({
  name: 'order',
  description: 'Order something of the shop',
  inputSchema: {
    type: 'object',
    properties: { item: { enum: [...prices.keys()] }, count: { type: 'integer', minimum: 1, default: 1 } },
    required: ['item'],
  },
  run: ({ item, count }, { subject }) => `${subject} owes ${prices.get(item) * count}`,
});
const daemon = createDaemon({ catalog: defineCatalog({ functions: [order] }) });

/** The shop's own authentication: a valid API key makes the caller an ordinary user. */
const auth = {
  authenticate(req) {
    const subject = customers.get(req.headers['x-api-key']);
    if (subject === undefined) return { status: 401, message: 'X-Api-Key must be the key of a customer.' };
    return { partition: 'default', subject, roles: ['user'] };
  },
  handle: async () => false,
};
const router = createRouter(daemon, { auth });
app.use('/ai', router);
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

// An agent orders for Ada. Ada and Bob watch the live events.
const as = (key) => ({ headers: { 'x-api-key': key } });
const watching = new AbortController();
const watch = (key) => fetch(`${url}/ai/events`, { ...as(key), signal: watching.signal });
const [adas, bobs] = await Promise.all([watch('key-of-ada'), watch('key-of-bob')]);

const client = new Client({ name: 'agent', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/ai/mcp`), { requestInit: as('key-of-ada') }));
const { content } = await client.callTool({ name: 'order', arguments: { item: 'tea', count: 2 } });
console.log(content[0].text);
assert.equal(content[0].text, 'ada owes 6');
const wrong = await client.callTool({ name: 'order', arguments: { item: 'beer' } });
assert.ok(wrong.isError);
await client.close();

/** The text of a stream, until it contains something or has been quiet for a while. */
async function heard(response, last) {
  let text = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const silence = new Promise((resolve) => setTimeout(resolve, 500, { done: true }));
  while (!text.includes(last)) {
    const { value, done } = await Promise.race([reader.read(), silence]);
    if (done) break;
    text += value;
  }
  return text;
}
const seen = await heard(adas, '"fault":"protocol"');
assert.match(seen, /event: call_settled\n.*\n.*"name":"order".*"subject":"ada".*"status":"completed"/);
assert.doesNotMatch(await heard(bobs, 'order'), /order/); // users see only their own calls
watching.abort();

// The shop still works as before, and callers without a key get nothing.
assert.deepEqual(await (await fetch(`${url}/prices`)).json(), { tea: 3, coffee: 4 });
assert.equal((await fetch(`${url}/ai/mcp`, { method: 'POST' })).status, 401);
assert.equal((await fetch(`${url}/ai/docs`)).status, 200);

await router.close();
server.closeAllConnections();
server.close();
await daemon.close();
console.log('The shop is closed.');
