/** Clients that the authorization server of a mounted server knows already: `auth` of an entry of `mcpServers`. */
import type { ConfigMount, StateStore } from '@mcp-daemon/core';
import { createMemoryState } from '@mcp-daemon/core';

import type { Guarded } from './guarded-server.js';
import { followLogin, logIn, serveGuarded } from './guarded-server.js';
import type { Bench } from './support.js';
import { closeBenches, openBench, textOf } from './support.js';

const SECRET = 'a secret of more than thirty-two characters';

let served: Guarded;
/** The client's secret, as the config refers to it. */
let variables: Record<string, string>;
let state: StateStore;
beforeEach(async () => {
  served = await serveGuarded();
  served.client = { id: 'known', secret: 'the first secret' };
  variables = { CLIENT_SECRET: 'the first secret' };
  state = createMemoryState();
});
afterEach(async () => {
  await closeBenches();
  await served.close();
});

const open = (auth: NonNullable<ConfigMount['auth']>, credentials = 'service'): Bench =>
  openBench(
    { mcpServers: { web: { url: served.url, credentials, auth } } },
    {
      mounts: {
        state: () => Promise.resolve(state),
        secret: SECRET,
        texts: { fill: (value) => Promise.resolve(value), env: variables },
      },
    },
  );

const CLIENT = { client_id: 'known', client_secret: '${CLIENT_SECRET}' };

describe('a client that is registered already', () => {
  it('logs in, renews and revokes tokens with its secret, and registers nothing', async () => {
    const bench = open(CLIENT);
    const mount = await logIn(bench);
    const client = await bench.client();
    served.tokens.clear();
    // The secret is read for each use, so a new one needs no new log-in.
    served.client = { id: 'known', secret: 'the second secret' };
    variables['CLIENT_SECRET'] = 'the second secret';
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(await bench.mounts.logout(mount, null)).toEqual({ count: 1, revoked: 1 });
    expect(served.proofs).toEqual(['known:the first secret', 'known:the second secret', 'known:the second secret']);
    expect(served.counts.registrations).toBe(0);
  });

  it('is refused with a wrong secret, and the message says so without it', async () => {
    variables['CLIENT_SECRET'] = 'another secret';
    const failed = logIn(open(CLIENT));
    await expect(failed).rejects.toThrow('invalid_client');
    await expect(failed).rejects.not.toThrow('another secret');
    expect(served.proofs).toContain('known:another secret');
  });

  it('sends its secret to no authorization server but the one where it is registered', async () => {
    await expect(logIn(open({ ...CLIENT, issuer: 'https://login.example.com' }))).rejects.toThrow(
      /its authorization server is http:\/\/127.0.0.1:\d+, and the client of "auth" is registered at https:\/\/login.example.com/,
    );
    expect(served.proofs).toEqual([]);
    expect(served.counts.registrations).toBe(0);
    const issuer = new URL(served.url).origin;
    await logIn(open({ ...CLIENT, issuer: `${issuer}/` }));
    expect(served.proofs).toEqual(['known:the first secret']);
  });

  it('logs users in, too', async () => {
    const bench = open(CLIENT, 'per_user');
    bench.mounts.serveLogins(() => 'http://127.0.0.1:9');
    const pages = await bench.mounts.pages();
    await logIn(bench); // what is listed comes from an operator
    const client = await bench.client({ subject: 'ann' });
    await client.listTools();
    const ticket = new URL(pages.pageOf('web', 'ann')).searchParams.get('ticket') ?? '';
    served.account = 'ann at web';
    const { url, browser } = await pages.begin(ticket);
    expect(new URL(url).searchParams.get('client_id')).toBe('known');
    await pages.finish((await followLogin(url)).searchParams, () => browser);
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    expect(served.calls).toEqual(['ann at web']);
    expect(served.proofs).toEqual(['known:the first secret', 'known:the first secret']);
    expect(served.counts.registrations).toBe(0);
  });

  it('may have no secret', async () => {
    served.client = { id: 'known', secret: '' };
    const bench = open({ client_id: 'known' });
    await logIn(bench);
    expect(served.proofs).toEqual(['known:']);
    expect(textOf(await (await bench.client()).callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
  });
});
