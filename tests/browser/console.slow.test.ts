/** The console in a browser, with a daemon as an operator starts it: what an operator does, failures, and accessibility. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type { Locator, Page } from 'playwright-core';

import type { Browser, Watched } from './browser.js';
import { inBrowser, launch } from './browser.js';
import type { ConsoleDaemon } from './console-daemon.js';
import { configOf, HOSTILE, PASSWORD, startDaemon } from './console-daemon.js';

const PAGES = ['', 'live', 'calls', 'catalog', 'revisions', 'apply', 'settings', 'people', 'health'];
const count = (sql: string): string => `SELECT count(*) FROM ${sql}`;

inBrowser('the console', () => {
  let browser: Browser;
  let daemon: ConsoleDaemon;
  let axe: string;
  let first: string;

  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    daemon = await startDaemon();
    first = await daemon.apply(configOf(), 'the first one');
    await daemon.apply(configOf(), 'of another partition', 'alpha');
    browser = await launch(daemon.port);
  });

  afterAll(async () => {
    await browser?.close();
    await daemon?.remove();
  });

  async function fillLogin(page: Page | Locator, username: string): Promise<void> {
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  async function logIn(username = 'admin'): Promise<Watched> {
    const watched = await browser.open(daemon.origin);
    await watched.page.goto(`${daemon.origin}/console`);
    await fillLogin(watched.page, username);
    await watched.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    return watched;
  }

  async function visit(page: Page, path: string, partition = 'default'): Promise<void> {
    await page.goto(`${daemon.origin}/console#/${partition}/${path}`);
    await page.locator(`main[data-page="${path.split(/[/?]/)[0] ?? ''}"] h1`).waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  }

  const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
  const answer = (page: Page, text: string): Locator => page.locator('.answer pre', { hasText: text }).first();

  async function greet(page: Page, name: string): Promise<void> {
    await visit(page, 'catalog/greet');
    await page.locator('main form input').first().fill(name);
    await button(page, 'Call').click();
    await answer(page, `Hello, ${name}!`).waitFor();
  }

  /** All calls that the chart shows, by its table. */
  async function inChart(page: Page): Promise<number> {
    const cells = page.getByRole('figure', { name: 'Calls and errors' }).locator('tbody td:nth-child(2)');
    return (await cells.allTextContents()).reduce((sum, text) => sum + Number(text), 0);
  }

  function expectQuiet({ foreign, complaints }: Watched): void {
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
  }

  it('logs in, calls a tool by its form, shows the call live, and opens it', async () => {
    const watched = await logIn();
    const { page } = watched;
    await page.locator('.live-mark.good').waitFor();
    await greet(page, 'Ada');
    await page.locator('.answer').getByText('Answer, as a model gets it').waitFor();
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    const row = page.getByRole('table', { name: 'Live calls' }).getByRole('link', { name: 'greet' });
    await row.waitFor();
    await row.click();
    await page.getByText('completed').waitFor();
    await page.locator('pre', { hasText: '"name": "Ada"' }).first().waitFor();
    await page.locator('pre', { hasText: 'Hello, Ada!' }).first().waitFor();
    for (const command of ['mcp-daemon call greet', `curl -sS ${daemon.origin}/mcp`])
      expect(await page.locator('pre', { hasText: command }).count()).toBe(1);
    await page.getByRole('link', { name: first.slice(0, 10) }).click(); // the revision that has served it
    await page.getByText('the first one').waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it("shows another client's call at the moment it is made, and draws it in the chart", async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, '');
    await page.locator('.chart canvas').nth(1).waitFor();
    const before = await inChart(page);
    await daemon.call('greet', { name: 'Bob' });
    while ((await inChart(page)) !== before + 1) await page.waitForTimeout(100);
    await visit(page, 'live');
    const rows = page.getByRole('table', { name: 'Live calls' }).locator('tbody tr', { hasText: 'wait' });
    const waiting = daemon.call('wait', { ms: 1_500 });
    await rows.filter({ hasText: 'running' }).waitFor();
    await waiting;
    await rows.filter({ hasText: 'completed' }).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('filters the list of calls by what its address says', async () => {
    const watched = await logIn();
    const { page } = watched;
    await daemon.call('fail', {}, { client: 'a-rare-client' });
    await daemon.untilRow(count(`calls WHERE status = 2`), 1);
    await visit(page, 'calls?client=a-rare-client');
    const rows = page.getByRole('table', { name: 'Calls' }).locator('tbody tr');
    expect(await rows.count()).toBe(1);
    await page.getByLabel('Status').selectOption('completed');
    await page.getByText('No call matches these filters').waitFor();
    expect(page.url()).toContain('status=completed');
    await page.getByLabel('Status').selectOption('failed');
    await rows.filter({ hasText: 'failed' }).waitFor();
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await rows.nth(1).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('says what is wrong with the arguments before it calls, and takes them as JSON, too', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'catalog/greet');
    await button(page, 'Call').click();
    await page.getByText('Enter a value.').waitFor();
    await button(page, 'JSON').click();
    await page.getByLabel('Arguments as JSON').fill('{"name":"x"}');
    await button(page, 'Call').click();
    await page.locator('.answer').getByText(/name/).first().waitFor(); // the server refuses it
    await page.getByLabel('Arguments as JSON').fill('{"name":"Dora"}');
    await button(page, 'Call').click();
    await answer(page, 'Hello, Dora!').waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('asks what a function asks, shows its progress, and cancels it', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'catalog/book');
    await page.locator('main form input').first().fill('room 5');
    await button(page, 'Call').click();
    await page.getByText('How long in room 5?').waitFor();
    await page.locator('.question input').first().fill('3');
    await button(page, 'Answer').click();
    await answer(page, 'Booked room 5: accept 3').waitFor();
    await visit(page, 'catalog/wait');
    await page.locator('main form input').first().fill('60000');
    await button(page, 'Call').click();
    await page.getByRole('log').getByText('1 of 2 half way').waitFor();
    await button(page, 'Cancel').click();
    await page.getByText('You have cancelled the call.').waitFor();
    for (const [path, verb, text] of [
      ['catalog/status', 'Read', '"healthy"'],
      ['catalog/letter', 'Get', 'Write to Ada.'],
    ] as const) {
      await visit(page, path);
      for (const field of await page.locator('main form input').all()) await field.fill('Ada');
      await button(page, verb).click();
      await answer(page, text).waitFor();
    }
    expectQuiet(watched);
    await page.close();
  });

  it('shows a revision that was applied elsewhere, and rolls it back', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'revisions');
    const second = await daemon.apply(configOf('Greets everybody.', { loud: { type: 'boolean' } }), 'applied elsewhere');
    const entries = page.getByRole('list', { name: 'History' });
    await entries.getByRole('link', { name: new RegExp(`${second.slice(0, 10)}.*served now.*applied elsewhere`, 's') }).waitFor();
    await visit(page, 'catalog/greet');
    await page.getByText('Greets everybody.').first().waitFor();
    await visit(page, `revisions/${second}`);
    await page.getByText('$.tools.greet.inputSchema.properties.loud').first().waitFor();
    await visit(page, 'revisions');
    await entries.getByRole('link', { name: /the first one/ }).click();
    await button(page, 'Roll back to this').click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByText(/breaking|changes/)
      .first()
      .waitFor();
    await dialog.getByLabel('Note').fill('back again');
    await button(page, 'Roll back').click();
    await entries
      .getByRole('link', { name: new RegExp(`${first.slice(0, 10)}.*rolled back.*served now.*back again`, 's') })
      .waitFor();
    const { catalog } = await daemon.graphql('{ catalog { revision } }');
    expect(catalog).toEqual({ revision: first });
    expectQuiet(watched);
    await page.close();
  });

  it('lists the mistakes of a config, and applies one after its plan was shown and its breaking changes were allowed', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'apply', 'alpha');
    const config = page.getByRole('textbox', { name: 'Config' });
    await config.fill('{ "tools": [{ "name": "lost" }] }');
    await button(page, 'Show the plan').click();
    await page.getByText('$.tools[0]').waitFor();
    for (const [note, text, breaks] of [
      ['a change', configOf('Greets.'), false],
      ['a breaking change', configOf('Greets.', { loud: { type: 'boolean' } }), true],
    ] as const) {
      await visit(page, 'apply', 'alpha');
      await config.fill(text);
      await button(page, 'Show the plan').click();
      const apply = button(page, 'Apply');
      await apply.waitFor();
      expect(await apply.isDisabled()).toBe(breaks);
      if (breaks) await page.getByText('Apply the breaking change, too').click();
      await page.getByLabel('Note').fill(note);
      await apply.click();
      await page.getByRole('link', { name: new RegExp(`served now.*${note}`, 's') }).waitFor();
    }
    expectQuiet(watched);
    await page.close();
  });

  it('switches partitions, and shows what is in the one that was chosen', async () => {
    const watched = await logIn();
    const { page } = watched;
    await visit(page, 'calls');
    await page.getByRole('table', { name: 'Calls' }).waitFor();
    await page.getByLabel('Partition').selectOption('alpha');
    await page.getByText('No calls yet').waitFor();
    expect(page.url()).toContain('#/alpha/calls');
    await daemon.call('greet', { name: 'Alf' }, { partition: 'alpha' });
    await button(page, 'Show 1 new').click();
    await page.getByRole('table', { name: 'Calls' }).getByRole('link', { name: 'greet' }).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('shows hostile texts as texts on every page', async () => {
    const partition = 'hostile';
    const digest = await daemon.apply(configOf(), HOSTILE, partition);
    await daemon.call('greet', { name: HOSTILE }, { client: HOSTILE, partition });
    await daemon.call('fail', {}, { client: HOSTILE, partition });
    const own = "(SELECT id FROM partitions WHERE partition_key = 'hostile')";
    await daemon.untilRow(count(`calls WHERE partition = ${own}`), 2);
    // What no request can store, another program writes into the file.
    const row = ['hostile', HOSTILE, HOSTILE, 1] as const;
    daemon.sql(
      [
        `UPDATE contexts SET name = ? || id, updated_by = ?, server = ?, client = ? WHERE partition = ${own}`,
        ...Array(4).fill(HOSTILE),
      ],
      [`UPDATE calls SET traceparent = ?, notes = ? WHERE partition = ${own}`, HOSTILE, HOSTILE],
      ["UPDATE catalog_history SET author = ?, source = ? WHERE partition_key = 'hostile'", HOSTILE, HOSTILE],
      [
        'INSERT INTO mcp_settings (partition_key, setting_id, setting, updated_by, updated_at) VALUES (?, ?, ?, ?, ?)',
        ...['hostile', HOSTILE, JSON.stringify({ [HOSTILE]: HOSTILE }), HOSTILE, 1],
      ],
      ['INSERT INTO mcp_functions (partition_key, name, mcp_type, updated_at) VALUES (?, ?, ?, ?)', ...row],
    );
    const { mcpFunctionCallList: list } = await daemon.graphql(
      '{ mcpFunctionCallList { mcpFunctionCallList { mcpFunctionCallUuid name } } }',
      {},
      partition,
    );
    const [call] = (list as { mcpFunctionCallList: { mcpFunctionCallUuid: string; name: string }[] }).mcpFunctionCallList;
    expect(call?.name).toContain(HOSTILE);

    const watched = await logIn();
    const { page } = watched;
    const shown = new Set<string>();
    for (const path of [...PAGES, 'catalog/greet', `revisions/${digest}`, `calls/${call!.mcpFunctionCallUuid}`]) {
      await visit(page, path, partition);
      const text = await page.locator('main').innerText();
      if (text.includes('<script>window.hacked=1</script>␇‹U+202E›')) shown.add(path.split('/').slice(0, 2).join('/'));
      expect([path, await page.evaluate('window.hacked')]).toEqual([path, undefined]);
      expect([path, await page.locator('main script, main img[src="x"]').count()]).toEqual([path, 0]);
      for (const hidden of ['\u0007', '\u202e']) expect([path, text.includes(hidden)]).toEqual([path, false]);
    }
    for (const path of ['', 'calls', 'catalog', 'revisions', 'settings', 'people', 'catalog/greet', `revisions/${digest}`])
      expect([path, shown.has(path)]).toEqual([path, true]);
    expectQuiet(watched);
    await page.close();
  });

  it('works with the keyboard: skip link, search, lists, and a window that Escape closes', async () => {
    const watched = await logIn();
    const { page } = watched;
    for (const name of ['Finn', 'Gil']) await greet(page, name);
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
    await visit(page, 'revisions');
    await page.getByRole('link', { name: /applied elsewhere/ }).click();
    await button(page, 'Roll back to this').press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Roll back to this');
    expectQuiet(watched);
    await page.close();
  });

  it('shows a viewer the partition that is granted, and no button that would be refused', async () => {
    const watched = await logIn('vera');
    const { page } = watched;
    expect(page.url()).toContain('#/alpha');
    for (const name of ['Apply a config', 'Users and sessions']) expect(await page.getByRole('link', { name }).count()).toBe(0);
    await visit(page, 'catalog/greet', 'alpha');
    await page.getByText('Calling tools needs the role user or admin. Your roles: viewer.').waitFor();
    expect(await button(page, 'Call').count()).toBe(0);
    await visit(page, 'apply', 'alpha');
    await page.getByText('Applying a config needs the role admin.').waitFor();
    await visit(page, 'health', 'alpha');
    await page.getByText('Seeing counters and caches needs the role admin.').waitFor();
    await visit(page, 'calls', 'default');
    await page.getByRole('heading', { name: 'This partition is not granted to you' }).waitFor();
    await page.locator('main').getByRole('link', { name: 'alpha' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expectQuiet(watched); // nothing was asked for that is refused
    await page.close();
  });

  it('shows a user the own calls alone as they happen, and offers no roll-back', async () => {
    const watched = await logIn('ulf');
    const { page } = watched;
    await page.locator('.live-mark.good').waitFor();
    await daemon.call('greet', { name: 'Hal' });
    await greet(page, 'Ida');
    await visit(page, 'live');
    const rows = page.getByRole('table', { name: 'Live calls' }).locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    await visit(page, `revisions/${first}`);
    await page.getByText('served now').first().waitFor();
    expect(await button(page, 'Roll back to this').count()).toBe(0);
    expectQuiet(watched);
    await page.close();
  });

  it('says that the store cannot be used, and goes on when it can', async () => {
    const { page, complaints } = await logIn();
    await page.locator('.live-mark.good').waitFor();
    daemon.sql(['ALTER TABLE calls RENAME TO calls_elsewhere']);
    try {
      await visit(page, 'health');
      await page.getByText('The store cannot be used now').waitFor();
      await visit(page, 'calls');
      await page.getByText('The store failed. The log of the daemon says why.').waitFor();
    } finally {
      daemon.sql(['ALTER TABLE calls_elsewhere RENAME TO calls']);
    }
    await button(page, 'Try again').click();
    await page.getByRole('table', { name: 'Calls' }).waitFor();
    await visit(page, 'health');
    await page.getByText('works', { exact: true }).waitFor();
    expect(complaints).toEqual([]); // a failed store is an answer of GraphQL, not of HTTP
    await page.close();
  });

  it('waits for a daemon that restarts, and shows what it has missed without a click', async () => {
    const { page } = await logIn();
    await page.locator('.live-mark.good').waitFor();
    await daemon.stop();
    await page.locator('.live-mark', { hasText: 'Offline' }).waitFor();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('The server does not answer', { exact: true }).waitFor();
    await daemon.start();
    await page.locator('.live-mark.good').waitFor();
    await page.getByText('Used by ./functions.mjs.Shelf.').waitFor();
    expect(await page.getByText('The server does not answer', { exact: true }).count()).toBe(0);
    await page.close();
  });

  it('asks to log in again when the token is refused, and keeps the page', async () => {
    const { page } = await logIn();
    await visit(page, 'apply');
    await page.getByRole('textbox', { name: 'Config' }).fill('{"tools": []}');
    await daemon.stop();
    await daemon.start('another-secret-which-no-token-was-signed-with');
    const window = page.getByRole('dialog', { name: 'Log in again' });
    await window.waitFor(); // the stream of events is refused
    await fillLogin(window, 'admin');
    await window.waitFor({ state: 'detached' });
    expect(await page.getByRole('textbox', { name: 'Config' }).inputValue()).toBe('{"tools": []}');
    await button(page, 'Show the plan').click();
    await page.getByText('Code: CONFIG_INVALID').waitFor();
    await page.close();
  });

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility, and fits a phone, %s', async (colorScheme) => {
    const watched = await logIn();
    const { page } = watched;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await greet(page, '<b>Eve</b>');
    await visit(page, 'live');
    await page.getByRole('table').getByRole('link').first().click();
    await page.getByText('Call it again').waitFor();
    const call = /calls\/[^?]+/.exec(page.url())![0];
    const faults: string[] = [];
    const places = [...PAGES, 'catalog/greet', `revisions/${first}`, call].map((path) => [path, 'default'] as const);
    const hostile = PAGES.map((path) => [path, 'hostile'] as const);
    for (const [path, partition] of [...places, ...hostile]) {
      await visit(page, path, partition);
      for (const width of [1280, 390]) {
        const where = `${partition}/${path} at ${width}`;
        await page.setViewportSize({ width, height: 900 });
        const wide = (await page.evaluate(`[...document.querySelectorAll('main *')].filter((one) =>
          document.documentElement.scrollWidth > document.documentElement.clientWidth
          && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
          .map((one) => one.outerHTML.slice(0, 100))`)) as string[];
        if (wide[0] !== undefined) faults.push(`${where}: wider than the window: ${wide[0]}`);
        await page.evaluate(axe);
        const found = (await page.evaluate(`axe.run().then(({ violations }) => violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))`)) as string[];
        faults.push(...found.map((fault) => `${where}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
    expectQuiet(watched);
    await page.close();
  });
});
