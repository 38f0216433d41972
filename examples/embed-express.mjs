/**
 * A shop, an Express app like any other, gives its customers' agents a door under /ai: with the shop's own API keys, each customer in
 * a record of their own name. It starts, is used by a client of MCP and by whoever watches, and ends.
 */
import assert from 'node:assert/strict';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import express from 'express';
import { createDaemon, defineCatalog, defineTool } from 'mcp-daemon';
import { createRouter } from 'mcp-daemon/http';

// The shop, as it was.
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

// What agents can do there.
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

/** The shop knows its customers: who has a key is let in, as an ordinary user. */
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

// An agent of Ada's orders; Ada watches, and so does Bob.
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

/** What a stream has said until something is in it, or until it has said nothing for a while. */
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
assert.doesNotMatch(await heard(bobs, 'order'), /order/); // a user sees their own calls
watching.abort();

// The shop is what it was, and strangers get nothing.
assert.deepEqual(await (await fetch(`${url}/prices`)).json(), { tea: 3, coffee: 4 });
assert.equal((await fetch(`${url}/ai/mcp`, { method: 'POST' })).status, 401);
assert.equal((await fetch(`${url}/ai/docs`)).status, 200);

await router.close();
server.closeAllConnections();
server.close();
await daemon.close();
console.log('The shop is closed.');
