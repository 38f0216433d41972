/** Keys and approvals with the official SDKs and clients without an SDK, of all protocol versions, over stdio and HTTP. */
import { StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import type { ClientUnderTest } from '../interop/clients.js';
import { clientsOver } from '../interop/clients.js';
import { RawHttpClient } from '../interop/raw-http.js';
import type { HomeServer } from '../interop/served.js';
import { fetchHere, serveHome } from '../interop/served.js';
import type { EffectsHome } from './home.js';
import { createEffectsHome, keyed, repeatOf, textOf } from './home.js';

let home: EffectsHome;
beforeEach(async () => {
  home = await createEffectsHome();
});
afterEach(() => home.remove());

/** Before 2025-06-18 there is no elicitation; these clients declare it all the same. */
async function check(client: ClientUnderTest, args: string[]): Promise<void> {
  const connected = await client.connect(args);
  try {
    const first = await connected.request('tools/call', keyed('charge', 'a', { id: 'one' }));
    const again = await connected.request('tools/call', keyed('charge', 'a', { id: 'one' }));
    expect([textOf(first), textOf(again)]).toEqual(['charged one', 'charged one']);
    expect([repeatOf(first), repeatOf(again)]).toEqual([undefined, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    const other = connected.request('tools/call', keyed('charge', 'a', { id: 'two' }));
    await expect(other).rejects.toMatchObject({ code: -32602, data: { reason: 'idempotency_key_reused' } });
    const approved = await connected.request('tools/call', { name: 'approved', arguments: { id: 'three' } });
    expect(textOf(approved)).toBe('charged three');
    for (let times = 0; times < 2; times += 1)
      expect(textOf(await connected.request('tools/call', keyed('approved', 'b', { id: 'four' })))).toBe('charged four');
    expect(home.effects()).toEqual(
      new Map([
        ['one', 1],
        ['three', 1],
        ['four', 1],
      ]),
    );
  } finally {
    await connected.close();
  }
}

describe.each(clientsOver())('$name over stdio', (client) => {
  it('charges once, after approval where it is needed', () => check(client, home.args()));
});

const overHttp = clientsOver({
  raw: ([url = '']) => new RawHttpClient(url),
  v1: ([url = '']) => new HttpV1(new URL(url), { fetch: fetchHere }) as never,
  v2: ([url = '']) => new HttpV2(new URL(url), { fetch: fetchHere }),
});

describe.each(overHttp)('$name over HTTP', (client) => {
  let server: HomeServer;
  beforeEach(async () => {
    server = await serveHome(home);
  });
  afterEach(() => server.stop());

  it('charges once, after approval where it is needed', () => check(client, [server.http]));
});
