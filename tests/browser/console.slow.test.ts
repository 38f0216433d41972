/** The console in a browser: what an operator does, hostile texts, and accessibility. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, createMemoryStore, defineCatalog, defineTool } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import { createLocalAuth } from '@mcp-daemon/express/local';
import type { Page } from 'playwright-core';

import { root } from '../walls.js';
import type { Browser, Watched } from './browser.js';
import { inBrowser, launch } from './browser.js';
import { HOSTILE, standIn } from './console-graphql.js';

const PASSWORD = 'correct horse battery';
const PAGES = ['', 'live', 'calls', 'catalog', 'revisions', 'apply', 'settings', 'people', 'health'];

const greet = defineTool({
  name: 'greet',
  description: HOSTILE,
  inputSchema: {
    type: 'object',
    properties: { name: { type: 'string', minLength: 2, title: HOSTILE, description: HOSTILE }, loud: { type: 'boolean' } },
    required: ['name'],
  },
  run: ({ name }) => `Hello, ${String(name)}! ${HOSTILE}`,
});

inBrowser('the console', () => {
  let browser: Browser;
  let daemon: Daemon;
  let server: HttpServer;
  let answer: ReturnType<typeof standIn>;
  let origin: string;
  let axe: string;

  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const store = createMemoryStore();
    daemon = createDaemon({ catalog: defineCatalog({ functions: [greet] }), store });
    const jwtSecret = 'a secret of the tests, which is long enough';
    const auth = await createLocalAuth({
      ...{ userFile: '/nowhere/users.json', jwtSecret, adminUsername: 'admin', adminPassword: PASSWORD },
    });
    server = await serveHttp(daemon, { auth, port: 0, console: { assetsDir: `${root}/packages/console/dist/assets` } });
    answer = standIn(store);
    origin = new URL(server.url).origin;
    browser = await launch(server.port);
  });

  afterAll(async () => {
    await browser.close();
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  async function logIn(): Promise<Watched> {
    const watched = await browser.open(origin);
    const { page } = watched;
    await page.route(`${origin}/graphql`, async (route) => {
      const { query, variables } = route.request().postDataJSON() as { query: string; variables: Record<string, unknown> };
      await route.fulfill({ json: { data: await answer(/(?:query|mutation) (\w+)/.exec(query)?.[1] ?? '', variables) } });
    });
    await page.goto(`${origin}/console`);
    await page.getByLabel('Username').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    return watched;
  }

  async function visit(page: Page, path: string): Promise<void> {
    await page.goto(`${origin}/console#/default/${path}`);
    await page.locator(`main[data-page="${path.split('/')[0] ?? ''}"] h1`).waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  }

  async function call(page: Page, name: string): Promise<void> {
    await visit(page, 'catalog/greet');
    await page.locator('main form input').first().fill(name);
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page
      .locator('.answer pre', { hasText: `Hello, ${name}!` })
      .first()
      .waitFor();
  }

  function expectQuiet({ foreign, complaints }: Watched): void {
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
  }

  it('logs in, calls a tool by its form, shows the call live, and opens it', async () => {
    const watched = await logIn();
    const { page } = watched;
    await page.locator('.live-mark.good').waitFor();
    await call(page, 'Ada');
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    const row = page.getByRole('table', { name: 'Live calls' }).getByRole('link', { name: 'greet' });
    await row.waitFor();
    await row.click();
    await page.getByText('completed').waitFor();
    await page.locator('pre', { hasText: '"name": "Ada"' }).first().waitFor();
    expect(await page.locator('pre', { hasText: 'mcp-daemon call greet' }).count()).toBe(1);
    expectQuiet(watched);
    await page.close();
  });

  it("shows another user's call at the moment it is made, and draws it in the chart", async () => {
    const watched = await logIn();
    const other = await logIn();
    await visit(watched.page, '');
    const calls = watched.page.locator('.tile-value').first();
    await calls.filter({ hasNotText: '–' }).waitFor();
    const before = Number(await calls.innerText());
    await call(other.page, 'Bob');
    await calls.filter({ hasText: String(before + 1) }).waitFor();
    expect(await watched.page.locator('.chart canvas').count()).toBe(2);
    await visit(watched.page, 'live');
    const rows = watched.page.getByRole('table', { name: 'Live calls' }).locator('[data-row]');
    const shown = await rows.count();
    await call(other.page, 'Cleo');
    await rows.nth(shown).waitFor();
    expectQuiet(watched);
    expectQuiet(other);
    await Promise.all([watched.page.close(), other.page.close()]);
  });

  it('says what is wrong with the arguments before it calls, and takes them as JSON, too', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'catalog/greet');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.getByText('Enter a value.').waitFor();
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.getByLabel('Arguments as JSON').fill('{"name":"x"}');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.answer').getByText(/name/).first().waitFor(); // the server refuses it
    await page.getByLabel('Arguments as JSON').fill('{"name":"Dora"}');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('.answer pre', { hasText: 'Hello, Dora!' }).first().waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('applies a config after its plan was shown and its breaking changes were allowed, and rolls back', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'apply');
    await page.getByRole('textbox', { name: 'Config' }).fill('{}');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    const apply = page.getByRole('button', { name: 'Apply', exact: true });
    await apply.waitFor();
    expect(await apply.isDisabled()).toBe(true);
    await page.getByText('Apply the breaking change, too').click();
    await page.getByLabel('Note').fill('by the test');
    await apply.click();
    await page.getByRole('link', { name: /bbbbbbbbbb.*served now.*by the test/s }).waitFor();
    await page.getByRole('link', { name: /^aaaaaaaaaa/ }).click();
    await page.getByRole('button', { name: 'Roll back to this' }).click();
    await page
      .getByRole('dialog')
      .getByText(/1 of them breaking/)
      .waitFor();
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByRole('link', { name: /aaaaaaaaaa.*rolled back.*served now/s }).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('shows hostile texts as texts on every page', async () => {
    const watched = await logIn();
    const { page } = watched;
    await call(page, '<b>Eve</b>');
    for (const path of [...PAGES, 'catalog/greet', `revisions/${'a'.repeat(64)}`]) {
      await visit(page, path);
      expect([path, await page.evaluate('window.hacked')]).toEqual([path, undefined]);
      expect([path, await page.locator('main script, main img[src="x"]').count()]).toEqual([path, 0]);
      const shown = await page.locator('body').innerText();
      for (const hidden of ['\u0007', '\u202e']) expect([path, shown.includes(hidden)]).toEqual([path, false]);
    }
    await visit(page, 'settings');
    await page.getByText('<script>window.hacked=1</script>␇‹U+202E›').first().waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('works with the keyboard: skip link, search, lists, and a window that Escape closes', async () => {
    const watched = await logIn();
    const { page } = watched;
    for (const name of ['Finn', 'Gil']) await call(page, name);
    await visit(page, 'calls');
    await page.locator('main [data-search]').waitFor();
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.hasAttribute("data-search")')).toBe(true);
    await page.locator('main [data-row]').first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('[...document.querySelectorAll("main [data-row]")].indexOf(document.activeElement)')).toBe(1);
    await page.keyboard.press('Enter');
    await page.getByText('Call it again').waitFor();
    await page.evaluate('document.activeElement?.blur()');
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).toBe('main');
    expectQuiet(watched);
    await page.close();
  });

  it('asks to log in again when the token is refused, and keeps the page', async () => {
    const { page } = await logIn();
    await visit(page, 'apply');
    await page.getByRole('textbox', { name: 'Config' }).fill('{"tools": []}');
    await page.route(
      `${origin}/graphql`,
      (route) => route.fulfill({ status: 401, json: { error: 'invalid_token', error_description: 'The token has expired.' } }),
      { times: 1 },
    );
    await page.getByRole('button', { name: 'Show the plan' }).click();
    const window = page.getByRole('dialog', { name: 'Log in again' });
    await window.waitFor();
    await window.getByLabel('Username').fill('admin');
    await window.getByLabel('Password').fill(PASSWORD);
    await window.getByRole('button', { name: 'Log in' }).click();
    await window.waitFor({ state: 'detached' });
    expect(await page.getByRole('textbox', { name: 'Config' }).inputValue()).toBe('{"tools": []}');
    await page.close();
  });

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility, and fits a phone, %s', async (colorScheme) => {
    const watched = await logIn();
    const { page } = watched;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const faults: string[] = [];
    for (const path of [...PAGES, 'catalog/greet', `revisions/${'a'.repeat(64)}`]) {
      await visit(page, path);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = (await page.evaluate(`[...document.querySelectorAll('main *')].filter((one) =>
          document.documentElement.scrollWidth > document.documentElement.clientWidth
          && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
          .map((one) => one.outerHTML.slice(0, 100))`)) as string[];
        if (wide[0] !== undefined) faults.push(`${path} at ${width}: wider than the window: ${wide[0]}`);
        await page.evaluate(axe);
        const found = (await page.evaluate(`axe.run().then(({ violations }) => violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))`)) as string[];
        faults.push(...found.map((fault) => `${path} at ${width}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
    expectQuiet(watched);
    await page.close();
  });
});
