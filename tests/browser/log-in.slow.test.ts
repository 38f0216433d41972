/** Logging in as a person does: a host opens Chromium, and the person uses the keyboard alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import { createLocalAuth } from '@mcp-daemon/express/local';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

import { CLIENTS, Host } from '../../packages/express/test/auth/sdk-clients.js';
import type { Browser, Watched } from './browser.js';
import { inBrowser, launch } from './browser.js';

const [USERNAME, PASSWORD] = ['admin', 'correct horse battery'];

const hello = defineTool({ name: 'hello', inputSchema: { type: 'object' }, run: () => 'Hello!' });

/** What is hard to use on a page, with a screen reader or weak eyes, in light and in dark. */
async function hardships(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe.source); // not as a script of the page, which its policy would stop
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
    found.push(...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${colorScheme}: ${id}: ${html}`)));
  }
  return found;
}

inBrowser('the log-in of clients', () => {
  let browser: Browser;
  let daemon: Daemon;
  let server: HttpServer;
  /** The host's own server, to which the browser is sent back. */
  const callbacks: string[] = [];
  const back = createServer((req, res) => {
    callbacks.push(req.url ?? '');
    res.writeHead(200, { 'content-type': 'text/html' }).end('<title>Back</title>You may close this page.');
  });
  let redirect: string;

  beforeAll(async () => {
    daemon = createDaemon({ catalog: defineCatalog({ functions: [hello] }) });
    const auth = await createLocalAuth({
      ...{ userFile: '/nowhere/users.json', jwtSecret: 'a secret of the tests, which is long enough' },
      ...{ adminUsername: USERNAME, adminPassword: PASSWORD },
      oauth: { state: () => daemon.state() },
    });
    server = await serveHttp(daemon, { auth, port: 0 });
    await new Promise<void>((resolve) => back.listen(0, '127.0.0.1', resolve));
    redirect = `http://127.0.0.1:${(back.address() as AddressInfo).port}/callback`;
    browser = await launch(server.port);
  });

  afterAll(async () => {
    await browser.close();
    back.closeAllConnections();
    await new Promise((resolve) => back.close(resolve));
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  /** Opens a page that may also go back to the host. */
  async function open(url: string): Promise<Watched> {
    const watched = await browser.open(server.url);
    await watched.page.unrouteAll();
    await watched.page.goto(url);
    return watched;
  }

  const focused = (page: Page): Promise<string> => page.evaluate(`document.activeElement?.textContent?.trim() ?? ''`);

  async function pressUntil(page: Page, text: string): Promise<void> {
    for (let left = 20; (await focused(page)) !== text; left -= 1) {
      if (left === 0) throw new Error(`the keyboard does not reach "${text}"`);
      await page.keyboard.press('Tab');
    }
  }

  it.each(CLIENTS)('is done with the keyboard, for the client of the SDK %s', async (version, connect) => {
    const host = new Host();
    host.redirectUrl = redirect;
    const client = await connect(`${server.url}/mcp`, host, async (url) => {
      const { page, foreign, complaints } = await open(url.href);
      if (version === 'v1') {
        expect(await hardships(page)).toEqual([]);
        await page.getByLabel('Username').focus();
        await page.keyboard.type(USERNAME);
        await page.keyboard.press('Tab');
        await page.keyboard.type('wrong');
        await page.keyboard.press('Enter');
        await page.waitForSelector('[role=alert]');
        expect(await page.textContent('[role=alert]')).toBe('The username or the password is wrong.');
        expect(await page.inputValue('#username')).toBe(USERNAME);
        expect(await hardships(page)).toEqual([]);
        await page.getByLabel('Password').focus();
        await page.keyboard.type(PASSWORD);
        await page.keyboard.press('Enter');
      } // the second client finds the user logged in
      await page.waitForSelector('h1:has-text("Allow A host?")');
      expect(await hardships(page)).toEqual([]);
      await pressUntil(page, 'Allow');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${redirect}?**`);
      expect(await page.title()).toBe('Back');
      expect(foreign.every((one) => one.startsWith(new URL(redirect).origin))).toBe(true);
      expect(complaints.filter((one) => !one.includes('401') && !one.includes('favicon'))).toEqual([]);
      const end = page.url();
      await page.close();
      return end;
    });
    expect(await client.callTool({ name: 'hello', arguments: {} })).toMatchObject({ content: [{ text: 'Hello!' }] });
    await client.close();
    expect(callbacks.some((url) => url.startsWith('/callback?code='))).toBe(true);
  });

  it('can be withdrawn on a page', async () => {
    const { page, foreign, complaints } = await open(`${server.url}/oauth/grants`);
    if ((await page.title()) === 'Log in') {
      await page.getByLabel('Username').fill(USERNAME);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Log in' }).click();
    }
    await page.waitForSelector('h1:has-text("Clients that may act for you")');
    expect(await hardships(page)).toEqual([]);
    const buttons = page.getByRole('button', { name: /^Withdraw: A host/ });
    const before = await buttons.count();
    expect(before).toBeGreaterThan(0);
    await buttons.first().click();
    await page.waitForLoadState();
    await expect(buttons.count()).resolves.toBe(before - 1);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForSelector('h1:has-text("Log in")');
    expect([foreign, complaints]).toEqual([[], []]);
    await page.close();
  });
});
