/** The page GraphiQL in a browser, with nothing to be reached but its own server; and a page with an EventSource. */
import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { createOpenAuth, serveHttp } from '@mcp-daemon/express';
import { createLocalAuth } from '@mcp-daemon/express/local';
import type { Page } from 'playwright-core';

import { smallApi, World } from '../../packages/express/test/graphql/support.js';
import { until } from '../until.js';
import type { Browser } from './browser.js';
import { ELSEWHERE_ORIGIN, inBrowser, launch } from './browser.js';

const USERNAME = 'admin';
const PASSWORD = 'correct horse battery';

const echo = defineTool({ name: 'echo', inputSchema: { type: 'object' }, run: () => 'done' });

inBrowser('GraphiQL', () => {
  let browser: Browser;
  let daemon: Daemon;
  let server: HttpServer;
  let open: HttpServer;
  let world: World;

  beforeAll(async () => {
    daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    world = new World();
    const graphql = async (): Promise<ReturnType<typeof smallApi>> => smallApi(world);
    const auth = await createLocalAuth({
      userFile: '/nowhere/users.json',
      jwtSecret: 'a secret of the tests, which is long enough',
      adminUsername: USERNAME,
      adminPassword: PASSWORD,
    });
    server = await serveHttp(daemon, { auth, port: 0, graphql, allowedOrigins: [ELSEWHERE_ORIGIN] });
    open = await serveHttp(daemon, { auth: createOpenAuth(), port: 0, graphql });
    browser = await launch(server.port);
  });

  afterAll(async () => {
    await browser.close();
    await server.close({ drainMs: 10 });
    await open.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  async function logIn(page: Page, password = PASSWORD): Promise<void> {
    await page.locator('#username').fill(USERNAME);
    await page.locator('#password').fill(password);
    await page.locator('#login button').click();
  }

  async function write(page: Page, text: string): Promise<void> {
    const editor = page.locator('.graphiql-query-editor .CodeMirror');
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
  }

  /** Runs a document. */
  async function run(page: Page, text: string): Promise<void> {
    await write(page, text);
    await page.locator('.graphiql-execute-button').click();
  }

  const result = (page: Page, text: string): Promise<void> => page.locator('.graphiql-response', { hasText: text }).waitFor();

  const places = [
    { place: 'on a server of its own', at: () => [new URL(server.url).origin, '/graphql'] as const },
    { place: 'of another partition', at: () => [new URL(server.url).origin, '/alpha/graphql'] as const },
    { place: 'with a slash at the end', at: () => [new URL(server.url).origin, '/alpha/graphql/'] as const },
    { place: 'by a name, without TLS', at: () => [ELSEWHERE_ORIGIN, '/graphql'] as const },
  ];

  it.each(places)('logs in, knows the schema, runs operations and a subscription, $place', async ({ at }) => {
    const [origin, path] = at();
    const { page, foreign, complaints } = await browser.open(origin);
    await page.goto(`${origin}${path}`);
    await logIn(page, 'wrong');
    await page.locator('#said', { hasText: /password/i }).waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]); // the browser notes it

    const schema = page.waitForResponse((response) => response.request().postData()?.includes('IntrospectionQuery') === true);
    await logIn(page);
    expect((await schema).status()).toBe(200);
    await page.locator('#who', { hasText: USERNAME }).waitFor();

    await run(page, '{ hello(name: "Ada") caller { partition } }');
    await result(page, 'Hello, Ada!');
    await result(page, path.startsWith('/alpha') ? 'alpha' : 'default');

    await page.locator('button[aria-label="Show Documentation Explorer"]').click();
    await page.locator('.graphiql-doc-explorer', { hasText: 'Subscription' }).waitFor();
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });

    const before = world.begun;
    await run(page, 'subscription { numbers }');
    await until(() => world.begun > before);
    world.push(4711);
    await result(page, '4711');
    await page.locator('.graphiql-execute-button').click(); // stops it
    await until(() => world.ended === world.begun);

    await page.locator('#leave').click();
    await page.locator('#login').waitFor();
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
    await page.close();
  });

  it('opens its menus and dialogs within its policy, which allows no styles of others', async () => {
    const { page, foreign, complaints } = await browser.open(new URL(open.url).origin);
    const answer = await page.goto(`${open.url}/graphql?query=${encodeURIComponent('{ hello }')}`);
    expect(answer?.headers()['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
    await page.locator('.graphiql-query-editor', { hasText: 'hello' }).waitFor();
    await page.locator('button[aria-label="Open settings dialog"]').click();
    await page.locator('.graphiql-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('button[aria-label="Open short keys dialog"]').click();
    await page.locator('.graphiql-dialog').waitFor();
    await page.keyboard.press('Escape');
    await write(page, 'query A { hello } query B { hello }');
    await page.locator('.graphiql-execute-button[aria-haspopup=menu]').click();
    await page.locator('[role=menuitem]').first().waitFor();
    await page.locator('[role=menuitem]').first().click();
    await result(page, 'Hello, you!');
    await page.locator('button[aria-label="Show History"]').click();
    await page.locator('.graphiql-history').waitFor();
    // GraphiQL's own note on its dialogs, which have a title and no description.
    expect(complaints.filter((said) => !said.includes('Missing `Description`'))).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
});

inBrowser('an EventSource in a page', () => {
  let browser: Browser;
  let daemon: Daemon;
  let server: HttpServer;
  const world = new World();

  beforeAll(async () => {
    daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    server = await serveHttp(daemon, { auth: createOpenAuth(), port: 0, graphql: async () => smallApi(world) });
    browser = await launch(server.port);
  });

  afterAll(async () => {
    await browser.close();
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  it('runs a subscription once, and not again when it is complete', async () => {
    const { origin } = new URL(server.url);
    const { page } = await browser.open(origin);
    await page.goto(`${origin}/graphql`);
    const seen = await page.evaluate(
      `new Promise((resolve) => {
        const seen = [];
        const source = new EventSource('/graphql?query=' + encodeURIComponent('subscription { count(to: 2) }'));
        source.addEventListener('next', ({ data }) => seen.push(JSON.parse(data).data.count));
        source.addEventListener('complete', () => seen.push('complete'));
        source.onerror = () => {
          if (source.readyState === EventSource.CLOSED) resolve(seen); // it has given up: nothing runs again
        };
      })`,
    );
    expect(seen).toEqual([1, 2, 'complete']);
    await page.close();
  });
});
