import { jest } from '@jest/globals';
import type { MountDefinition, StateStore } from '@mcp-daemon/core';
import { createMemoryState } from '@mcp-daemon/core';
import type { UserLogins } from '@mcp-daemon/mount';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';

import type { Guarded } from './guarded-server.js';
import { followLogin, serveGuarded } from './guarded-server.js';
import type { Bench } from './support.js';
import { closeBenches, openBench, textOf } from './support.js';

const SECRET = 'a secret of more than thirty-two characters';
const BASE = 'http://127.0.0.1:9';
const MODERN = { versionNegotiation: { mode: 'auto' } } as const;
const ECHO = { name: 'web_echo', arguments: { text: 'hi' } };

let served: Guarded;
let pages: UserLogins;
let bench: Bench;
let mount: MountDefinition;
let state: StateStore;

/** Opens a daemon at whose mounted server each user logs in. @param base undefined: without pages */
async function open(base: string | undefined = BASE): Promise<Bench> {
  const opened = openBench(
    { mcpServers: { web: { url: served.url, credentials: 'per_user' } } },
    { mounts: { state: () => Promise.resolve(state), secret: SECRET } },
  );
  if (base !== undefined) {
    opened.mounts.serveLogins(() => base);
    pages = await opened.mounts.pages();
  }
  [mount] = ((await opened.source.load('default'))?.mounts ?? []) as [MountDefinition];
  return opened;
}

beforeEach(async () => {
  state = createMemoryState();
  served = await serveGuarded();
  bench = await open();
  // An operator's log-in lists what there is.
  served.account = 'operator';
  let come: (parameters: URLSearchParams) => void = () => undefined;
  await bench.mounts.login(mount, {
    redirectUrl: `${BASE}/callback`,
    answer: new Promise((resolve) => (come = resolve)),
    show: (url) => void followLogin(url).then((back) => come(back.searchParams)),
  });
});
afterEach(async () => {
  await closeBenches();
  await served.close();
});

/** The link in an answer. */
const linkIn = (text: string): URL => new URL(/https?:\/\/\S+\/mounts\/login\?ticket=[\w-]+/.exec(text)?.[0] ?? '');
const ticketOf = (link: URL): string => link.searchParams.get('ticket') ?? '';

/** Logs in by a link, as its page and a browser do. @param account the account at the other server */
async function logIn(link: URL, account: string): Promise<void> {
  served.account = account;
  const { url, state: sent, browser } = await pages.begin(ticketOf(link));
  const back = await followLogin(url);
  await pages.finish(back.searchParams, (known) => (known === sent ? browser : undefined));
}

describe('a server with credentials of each user', () => {
  it('tells a user without a log-in where to log in, and calls with their account', async () => {
    const ann = await bench.client({ subject: 'ann' });
    expect((await ann.listTools()).tools.map(({ name }) => name)).toContain('web_echo');
    const first = await ann.callTool(ECHO);
    expect(first.isError).toBe(true);
    const link = linkIn(textOf(first));
    expect(link.origin + link.pathname).toBe(`${BASE}/mounts/login`);
    expect(await pages.open(ticketOf(link))).toMatchObject({ server: 'web', subject: 'ann', partition: 'default' });
    expect(served.calls).toEqual([]);

    await logIn(link, 'ann at web');
    expect(textOf(await ann.callTool(ECHO))).toBe('hi');
    const ben = await bench.client({ subject: 'ben' });
    await logIn(linkIn(textOf(await ben.callTool(ECHO))), 'ben at web');
    expect(textOf(await ben.callTool(ECHO))).toBe('hi');
    expect(textOf(await ann.callTool(ECHO))).toBe('hi');
    expect(served.calls).toEqual(['ann at web', 'ben at web', 'ann at web']);
    expect(served.counts.registrations).toBe(2); // of the operator, whose browser comes back elsewhere, and of all users
  });

  it('asks a client of 2026-07-28 by a question with a URL, and goes on with the call', async () => {
    const cid = await bench.client({ subject: 'cid', capabilities: { elicitation: { url: {} } }, ...MODERN });
    const asked: unknown[] = [];
    cid.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params);
      // The user takes longer than the client to say that the page is open.
      setTimeout(() => void logIn(new URL((params as { url: string }).url), 'cid at web'), 50);
      return Promise.resolve({ action: 'accept' });
    });
    expect(textOf(await cid.callTool(ECHO))).toBe('hi');
    expect(asked).toEqual([
      expect.objectContaining({ mode: 'url', url: expect.stringContaining('/mounts/login?ticket=') as string }),
    ]);
    expect(asked[0]).not.toHaveProperty('elicitationId');
    expect(served.calls).toEqual(['cid at web']);
  });

  it('does not call for a user who declines', async () => {
    const dan = await bench.client({ subject: 'dan', capabilities: { elicitation: { url: {} } }, ...MODERN });
    dan.setRequestHandler('elicitation/create', () => Promise.resolve({ action: 'decline' }));
    expect(textOf(await dan.callTool(ECHO))).toContain('was declined');
    expect(served.calls).toEqual([]);
  });

  it('refuses a call of a client of 2025-11-25 with error -32042, which has the URL', async () => {
    const client = new ClientV1({ name: 'legacy', version: '1' }, { capabilities: { elicitation: { url: {} } } });
    await bench.connect(client, 'eve');
    const refused = (await client.callTool(ECHO).catch((error: unknown) => error)) as {
      code: number;
      data: { elicitations: { url: string }[] };
    };
    expect(refused.code).toBe(-32042);
    expect(refused.data.elicitations).toEqual([
      expect.objectContaining({
        mode: 'url',
        elicitationId: expect.any(String) as string,
        message: expect.any(String) as string,
      }),
    ]);
    await logIn(new URL(refused.data.elicitations[0]?.url ?? ''), 'eve at web');
    expect(textOf(await client.callTool(ECHO))).toBe('hi');
    await client.close();
  });

  it('keeps the tokens of users sealed, by server and user, and gives none to another user', async () => {
    const ann = await bench.client({ subject: 'ann2' });
    await logIn(linkIn(textOf(await ann.callTool(ECHO))), 'ann2 at web');
    const { items } = await state.list('default', 'token/web/user/');
    const entry = items.find(({ key }) => !key.endsWith('/renewal'));
    expect(items.some(({ key, value }) => key.includes('ann2') || value.includes('access-'))).toBe(false);
    // Even who can write the store cannot give a log-in to another user.
    const { createHash } = await import('node:crypto');
    const key = `token/web/user/${createHash('sha256').update('mallory').digest('hex')}`;
    await state.put('default', key, entry?.value ?? '');
    const mallory = await bench.client({ subject: 'mallory' });
    expect(textOf(await mallory.callTool(ECHO))).toContain('log in there with your own account');
    expect(served.calls).toEqual([]);
  });

  it('ends a log-in once, in the browser that began it, and not after its link has expired', async () => {
    const fay = await bench.client({ subject: 'fay' });
    const link = linkIn(textOf(await fay.callTool(ECHO)));
    served.account = 'fay at web';
    const begun = await pages.begin(ticketOf(link));
    const back = (await followLogin(begun.url)).searchParams;
    await expect(pages.finish(back, () => undefined)).rejects.toThrow('was begun in another browser');
    await expect(pages.finish(back, () => 'another')).rejects.toThrow('was begun in another browser');
    const ends = await Promise.allSettled([pages.finish(back, () => begun.browser), pages.finish(back, () => begun.browser)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(pages.finish(back, () => begun.browser)).rejects.toThrow('not known');
    await expect(pages.finish(new URLSearchParams({ code: 'x', state: 'made up' }), () => 'x')).rejects.toThrow('not known');
    expect(await pages.open(`${ticketOf(link)}x`)).toBeUndefined();
    const late = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 16 * 60_000);
    try {
      expect(await pages.open(ticketOf(link))).toBeUndefined();
      await expect(pages.begin(ticketOf(link))).rejects.toThrow('the link has expired');
    } finally {
      late.mockRestore();
    }
  });

  it('asks again when the log-in has ended', async () => {
    const gil = await bench.client({ subject: 'gil' });
    await logIn(linkIn(textOf(await gil.callTool(ECHO))), 'gil at web');
    expect(textOf(await gil.callTool(ECHO))).toBe('hi');
    for (const [token, account] of served.tokens) if (account === 'gil at web') served.tokens.delete(token);
    served.refuses = true;
    const link = linkIn(textOf(await gil.callTool(ECHO)));
    served.refuses = false;
    await logIn(link, 'gil at web');
    expect(textOf(await gil.callTool(ECHO))).toBe('hi');
  });

  it('is used with the log-in of an operator where callers are not told apart, and by nobody else without pages', async () => {
    await bench.close();
    const local = await open('');
    await local.close();
    const withoutPages = openBench(
      { mcpServers: { web: { url: served.url, credentials: 'per_user' } } },
      { mounts: { state: () => Promise.resolve(state), secret: SECRET } },
    );
    const own = await withoutPages.client();
    expect(textOf(await own.callTool(ECHO))).toBe('hi');
    expect(served.calls).toEqual(['operator']);
    const other = await withoutPages.client({ subject: 'hal' });
    expect(textOf(await other.callTool(ECHO))).toContain('wants each user to log in');
    expect(served.calls).toEqual(['operator']);
  });

  it('says what is missing where the public URL is not known', async () => {
    await bench.close();
    const hidden = openBench(
      { mcpServers: { web: { url: served.url, credentials: 'per_user' } } },
      { mounts: { state: () => Promise.resolve(state), secret: SECRET } },
    );
    hidden.mounts.serveLogins(() => undefined);
    const ann = await hidden.client({ subject: 'ida' });
    expect(textOf(await ann.callTool(ECHO))).toContain('PUBLIC_URL');
  });

  it('ends the log-ins of all users at a log-out of all', async () => {
    const jon = await bench.client({ subject: 'jon' });
    await logIn(linkIn(textOf(await jon.callTool(ECHO))), 'jon at web');
    const { count, revoked } = await bench.mounts.logout(mount, undefined);
    expect(count).toBeGreaterThanOrEqual(2);
    expect(revoked).toBe(count);
    expect((await state.list('default', 'token/web/')).items).toEqual([]);
  });
});

describe('the metadata document of this server', () => {
  it('names its https address as the id, and the callback', async () => {
    await bench.close();
    await open('https://mcp.example.com/tools');
    expect(pages.clientDocument()).toMatchObject({
      client_id: 'https://mcp.example.com/tools/mounts/client.json',
      redirect_uris: ['https://mcp.example.com/tools/mounts/callback'],
      token_endpoint_auth_method: 'none',
    });
  });
});
