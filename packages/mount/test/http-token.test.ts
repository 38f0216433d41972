/** Requests with the token of a log-in are posted without the official client, as those without a token are. */
import type { IncomingHttpHeaders } from 'node:http';

import { createMemoryState } from '@mcp-daemon/core';

import type { Guarded } from './guarded-server.js';
import { logIn, serveGuarded } from './guarded-server.js';
import { closeBenches, openBench, textOf } from './support.js';

const ECHO = { name: 'web_echo', arguments: { text: 'hi' } };

let served: Guarded;
beforeEach(async () => {
  served = await serveGuarded();
});
afterEach(async () => {
  await closeBenches();
  await served.close();
});

/** What Node's `fetch` sends with every request, and `node:http` does not. */
const isFetched = (headers: IncomingHttpHeaders): boolean => headers['sec-fetch-mode'] !== undefined;

it('a refused token is replaced by the official client, and the new one is posted without it', async () => {
  const state = createMemoryState();
  const bench = openBench(
    { mcpServers: { web: { url: served.url, credentials: 'service' } } },
    { mounts: { state: () => Promise.resolve(state), secret: 'a secret of more than thirty-two characters' } },
  );
  await logIn(bench);
  const client = await bench.client();
  await client.listTools();

  /** The requests of one call: the token of each, and whether `fetch` sent it. */
  async function call(): Promise<[token: string | undefined, fetched: boolean][]> {
    const from = served.attempts.length;
    expect(textOf(await client.callTool(ECHO))).toBe('hi');
    return served.attempts.slice(from).map((headers) => [headers.authorization, isFetched(headers)]);
  }

  const [old = ''] = served.tokens.keys();
  expect(await call()).toEqual([[`Bearer ${old}`, false]]);
  served.tokens.clear();
  const replaced = await call();
  const [fresh = ''] = served.tokens.keys();
  expect(fresh).not.toBe(old);
  expect(replaced).toEqual([
    [`Bearer ${old}`, false],
    [`Bearer ${old}`, true],
    [`Bearer ${fresh}`, true],
  ]);
  expect(await call()).toEqual([[`Bearer ${fresh}`, false]]);
  expect(served.counts.refreshes).toBe(1);
});
