import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, MountLogins } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';

import { localAuth, PASSWORD } from '../auth/support.js';
import { atEnd, stopClock } from '../support.js';

/** Log-ins with two tickets: of ann, and of who is not told apart. */
interface Fake extends MountLogins {
  /** The tickets that were begun. */
  readonly begun: string[];
  /** What the browser had at the callback. */
  readonly came: (string | undefined)[];
}

function fakeLogins(): Fake {
  const begun: string[] = [];
  const came: (string | undefined)[] = [];
  const login = (subject: string) => ({ server: 'web', host: 'web.example.com', partition: 'default', subject });
  return {
    begun,
    came,
    open: (ticket) => Promise.resolve(/^(ann|anonymous|bob)$/.test(ticket) ? login(ticket) : undefined),
    begin(ticket) {
      begun.push(ticket);
      return Promise.resolve({ url: 'https://login.example.com/authorize?state=s1', state: 's1', browser: 'the-browser' });
    },
    finish(answer, browserOf) {
      const browser = browserOf(answer.get('state') ?? '');
      came.push(browser);
      if (browser !== 'the-browser') return Promise.reject(new Error('this log-in was begun in another <browser>'));
      return Promise.resolve(login('ann'));
    },
    clientDocument: () => ({ client_id: 'https://mcp.example.com/mounts/client.json' }),
  };
}

async function serve(options: Partial<HttpOptions> = {}): Promise<{ url: string; logins: Fake }> {
  const logins = fakeLogins();
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [] }) });
  const server = await serveHttp(daemon, { port: 0, mountLogins: logins, ...options });
  atEnd(async () => {
    await server.close({ drainMs: 10 });
    await daemon.close();
  });
  return { url: server.url, logins };
}

const post = (url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });

describe('the page on which a user logs in at a mounted server', () => {
  it('says whose log-in it is and where, and sends on who proves to be that user', async () => {
    const { url, logins } = await serve({ auth: await localAuth() });
    const page = `${url}/mounts/login?ticket=ann`;
    const shown = await fetch(page);
    const text = await shown.text();
    expect(shown.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(shown.headers.get('referrer-policy')).toBe('no-referrer');
    for (const part of ['web.example.com', 'only if you are ann', 'type="password"']) expect(text).toContain(part);

    const sent = await post(page, { password: PASSWORD });
    expect(sent.headers.get('refresh')).toBe('0; url=https://login.example.com/authorize?state=s1');
    const cookie = sent.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^mcp_login_[0-9a-f]{16}=the-browser; Path=\/mounts; Max-Age=900; HttpOnly; SameSite=Lax$/);
    const back = `${url}/mounts/callback?code=c&state=s1`;
    const done = await fetch(back, { headers: { cookie: `a=b; ${cookie.split(';')[0] ?? ''}` } });
    expect(await done.text()).toContain('Logged in at web');
    expect(done.headers.get('set-cookie')).toContain('Max-Age=0');
    expect(logins.begun).toEqual(['ann']);
  });

  it('sends nobody else on: neither without the password, nor with that of another user, nor from another site', async () => {
    const { url, logins } = await serve({ auth: await localAuth() });
    const page = `${url}/mounts/login?ticket=ann`;
    expect((await post(page, {})).status).toBe(401);
    const wrong = await post(page, { password: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(await wrong.text()).toContain('The username or the password is wrong.');
    // The form cannot name another user: the ticket does.
    expect((await post(page, { username: 'root', password: 'wrong' })).status).toBe(401);
    expect((await post(page, { password: PASSWORD }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const noAccess = await post(`${url}/mounts/login?ticket=bob`, { password: PASSWORD });
    expect(noAccess.status).toBe(403);
    expect(await noAccess.text()).toContain('You have no access to the partition default.');
    expect((await post(`${url}/mounts/login?ticket=old`, { password: PASSWORD })).status).toBe(400);
    expect(logins.begun).toEqual([]);
  });

  it('limits attempts to guess the password', async () => {
    const { url } = await serve({ auth: await localAuth() });
    stopClock();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 20; attempt += 1)
      statuses.push((await post(`${url}/mounts/login?ticket=ann`, { password: `guess ${attempt}` })).status);
    expect(statuses).toContain(429);
  });

  it('ends a log-in in the browser that began it only', async () => {
    const { url, logins } = await serve({ auth: await localAuth() });
    const other = await fetch(`${url}/mounts/callback?code=c&state=s1`, {
      headers: { cookie: 'mcp_login_0000000000000000=the-browser' },
    });
    expect(other.status).toBe(400);
    expect(await other.text()).toContain('another &lt;browser&gt;');
    expect(logins.came).toEqual([undefined]);
  });

  it('asks for no password where callers are not told apart, and serves local requests alone', async () => {
    const { url, logins } = await serve();
    const page = `${url}/mounts/login?ticket=anonymous`;
    expect(await (await fetch(page)).text()).not.toContain('type="password"');
    expect((await post(page, {}, { origin: 'https://evil.example.com' })).status).toBe(403);
    expect((await post(`${url}/mounts/login?ticket=ann`, {})).status).toBe(403);
    expect(logins.begun).toEqual([]);
    expect((await post(page, {})).headers.get('refresh')).toContain('https://login.example.com/');
  });

  it('marks its cookie for https, and names its paths below the public URL', async () => {
    const publicUrl = 'https://mcp.example.com/tools';
    const { url } = await serve({ auth: await localAuth({ publicUrl }), publicUrl });
    expect(await (await fetch(`${url}/mounts/login?ticket=ann`)).text()).toContain('action="/tools/mounts/login?ticket=ann"');
    const sent = await post(`${url}/mounts/login?ticket=ann`, { password: PASSWORD });
    expect(sent.headers.get('set-cookie')).toMatch(/Path=\/tools\/mounts;.*; Secure$/);
  });

  it('serves the client metadata document, and nothing else', async () => {
    const { url } = await serve({ auth: await localAuth() });
    expect(await (await fetch(`${url}/mounts/client.json`)).json()).toEqual({
      client_id: 'https://mcp.example.com/mounts/client.json',
    });
    expect((await fetch(`${url}/mounts/other`)).status).toBe(404);
    expect((await post(`${url}/mounts/callback`, {})).status).toBe(405);
  });
});
