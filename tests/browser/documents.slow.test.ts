/** The pages of the API in a browser, with nothing to be reached but their own server. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool, META } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import type { LocalAuth } from '@mcp-daemon/express/local';
import { createLocalAuth } from '@mcp-daemon/express/local';
import type { Page } from 'playwright-core';

import type { Browser } from './browser.js';
import { ELSEWHERE_ORIGIN, inBrowser, launch } from './browser.js';

const USERNAME = 'admin';
const PASSWORD = 'correct horse battery';

const hello = defineTool({
  name: 'hello',
  inputSchema: { type: 'object', properties: { name: { type: 'string', examples: ['Ada'] } }, required: ['name'] },
  run: ({ name }) => `Hello, ${String(name)}!`,
});

/** A proxy that has the server behind a path of its own, which it takes away. */
async function behind(prefix: string, { port }: HttpServer): Promise<{ origin: string; close: () => Promise<unknown> }> {
  const proxy = createServer((req, res) => {
    const path = req.url ?? '/';
    if (!path.startsWith(`${prefix}/`)) return void res.writeHead(404).end();
    const { method, headers } = req;
    const onward = request({ host: '127.0.0.1', port, path: path.slice(prefix.length), method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<unknown> => {
    proxy.closeAllConnections();
    return new Promise((resolve) => proxy.close(resolve));
  };
  return { origin: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close };
}

inBrowser('the pages of the API', () => {
  let browser: Browser;
  let daemon: Daemon;
  let auth: LocalAuth;
  let server: HttpServer;
  let proxy: Awaited<ReturnType<typeof behind>>;

  beforeAll(async () => {
    daemon = createDaemon({ catalog: defineCatalog({ functions: [hello] }) });
    const jwtSecret = 'a secret of the tests, which is long enough';
    auth = await createLocalAuth({
      userFile: '/nowhere/users.json',
      jwtSecret,
      adminUsername: USERNAME,
      adminPassword: PASSWORD,
    });
    server = await serveHttp(daemon, { auth, port: 0, allowedOrigins: [ELSEWHERE_ORIGIN] });
    browser = await launch(server.port);
    proxy = await behind('/ai', server);
  });

  afterAll(async () => {
    await browser.close();
    await proxy.close();
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  /** Opens the first operation of MCP, sends it as it is shown, and returns the answer. */
  async function execute(page: Page): Promise<{ status: string; body: string; sent: string }> {
    const operation = page.locator('#operations-MCP-postMcp');
    if ((await operation.locator('button.execute').count()) === 0) await operation.locator('.opblock-summary').click();
    const answered = page.waitForResponse((response) => response.url().endsWith('/mcp'));
    await operation.locator('button.execute').click();
    await (await answered).finished();
    const row = operation.locator('.live-responses-table tbody tr.response');
    await row.waitFor();
    return {
      status: (await row.locator('.response-col_status').innerText()).trim(),
      body: await row.locator('.highlight-code').first().innerText(),
      sent: await operation.locator('.curl').innerText(),
    };
  }

  async function logIn(page: Page): Promise<void> {
    await page.locator('button.authorize').first().click();
    // A name, a password and a token: nothing that only OAuth clients have.
    expect(await page.locator('.auth-container :is(input, select):visible').count()).toBe(3);
    await page.locator('#oauth_username').fill(USERNAME);
    await page.locator('#oauth_password').fill(PASSWORD);
    const token = page.waitForResponse((response) => response.url().endsWith('/auth/token'));
    await page
      .locator('.auth-container', { has: page.locator('#oauth_password') })
      .locator('button.authorize')
      .click();
    expect((await token).status()).toBe(200);
    await page.locator('.modal-ux .close-modal').click();
  }

  const places = [
    { place: 'on a server of their own', at: () => [new URL(server.url).origin, ''] as const },
    { place: 'behind a path of a proxy', at: () => [proxy.origin, '/ai'] as const },
    { place: 'by a name, without TLS', at: () => [ELSEWHERE_ORIGIN, ''] as const },
  ];

  it.each(places)('/docs logs in, calls a tool and shows the answer, $place', async ({ at }) => {
    const [origin, base] = at();
    const { page, foreign, complaints } = await browser.open(origin);
    await page.goto(`${origin}${base}/docs`);
    await page.locator('#operations-MCP-postMcp').waitFor();
    expect(complaints).toEqual([]);

    // Before a log-in the page knows no tool. The request is refused, which the browser notes as an error.
    const refused = await execute(page);
    expect(refused.status).toMatch(/^401/);
    expect(refused.sent).toContain('Mcp-Name: name-of-a-tool');
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);

    const tools = page.locator('#tools');
    expect(await tools.innerText()).toContain('Log in');
    await logIn(page);
    await tools.locator('summary', { hasText: 'hello' }).waitFor();
    const answered = await execute(page);
    expect(answered).toMatchObject({ status: '200', body: expect.stringContaining('Hello, Ada!') });
    expect(answered.sent).toMatch(/Accept: application\/json, text\/event-stream/);
    expect(answered.sent).toContain('Mcp-Name: hello');
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
    await page.close();
  });

  it.each(['initialize', 'tools/list'])('/docs sends its example of %s with the headers that belong to it', async (method) => {
    const { page, complaints } = await browser.open(new URL(server.url).origin);
    await page.goto(`${server.url}/docs`);
    await logIn(page);
    const operation = page.locator('#operations-MCP-postMcp');
    await operation.locator('.opblock-summary').click();
    const name = { initialize: 'initialize', 'tools/list': 'list' }[method]!;
    await operation.locator('.examples-select select').first().selectOption(name);
    const answered = await execute(page);
    expect(answered).toMatchObject({ status: '200', body: expect.stringContaining('"result"') });
    expect(answered.sent.includes('Mcp-Method: ')).toBe(method === 'tools/list');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('/docs sends names that no header can have as they are', async () => {
    const { page, complaints } = await browser.open(new URL(server.url).origin);
    await page.goto(`${server.url}/docs`);
    await logIn(page);
    const operation = page.locator('#operations-MCP-postMcp');
    await operation.locator('.opblock-summary').click();
    const params = { uri: 'demo://grüße/你好', _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'resources/read', params });
    await operation.locator('textarea.body-param__text').fill(body);
    const answered = await execute(page);
    expect(answered.sent).toContain('Mcp-Name: =?base64?');
    expect(answered).toMatchObject({ status: '200', body: expect.stringMatching(/not found|unknown/i) });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each(places)('/redoc shows every endpoint, and finds things, $place', async ({ at }) => {
    const [origin, base] = at();
    const { page, foreign, complaints } = await browser.open(origin);
    await page.goto(`${origin}${base}/redoc`);
    await page.locator('#api h2', { hasText: 'Send a message' }).first().waitFor();
    const text = await page.locator('#api').innerText();
    for (const said of ['/{partition}/mcp', '/auth/token', '/metrics', 'Part-ID']) expect(text).toContain(said);
    // Its search runs in a worker.
    await page.getByPlaceholder('Search...').fill('ticket');
    await page
      .getByRole('menuitem', { name: /ticket for an EventSource/ })
      .first()
      .waitFor();
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
    await page.close();
  });

  it('requests of a page to other servers are noticed', async () => {
    const { page, foreign, complaints } = await browser.open(new URL(server.url).origin);
    await page.goto(`${server.url}/redoc`);
    await page.evaluate(async () => {
      await fetch('https://cdn.example/logo.svg').catch(() => undefined);
    });
    expect([...foreign, ...complaints].join('\n')).toContain('cdn.example');
    await page.close();
  });
});
