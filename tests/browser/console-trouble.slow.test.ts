/** The console in a browser: roles, hostile texts, failures of the store and the daemon, the keyboard, and accessibility. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { inBrowser } from './browser.js';
import { ADMIN_TOKEN, configOf, HOSTILE } from './console-daemon.js';
import type { ConsoleWorld } from './console-world.js';
import { button, expectQuiet, fillLogin, openConsole, PAGES } from './console-world.js';

const count = (sql: string): string => `SELECT count(*) FROM ${sql}`;

inBrowser('the console in trouble', () => {
  let world: ConsoleWorld;
  let daemon: ConsoleWorld['daemon'];
  let axe: string;
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    world = await openConsole();
    daemon = world.daemon;
  });
  afterAll(() => world?.close());

  it('logs in with a token, says what is wrong with a login, and forgets the token', async () => {
    const { page } = await world.browser.open(daemon.origin);
    await page.goto(`${daemon.origin}/console`);
    await button(page, 'Log in').click();
    await page.getByText('Enter the username and the password.').waitFor();
    await page.getByLabel('Username').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await button(page, 'Log in').click();
    await page
      .getByRole('alert')
      .getByText(/password/)
      .waitFor();
    await button(page, 'Use a token instead').click();
    await button(page, 'Log in').click();
    await page.getByText('Paste a token.').waitFor();
    await page.getByLabel('Token').fill('no token');
    await button(page, 'Log in').click();
    await page.getByRole('alert').getByText(/token/i).waitFor();
    await page.getByLabel('Token').fill(`Bearer ${ADMIN_TOKEN}`);
    await button(page, 'Log in').click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.reload(); // the tab keeps it
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await button(page, 'Log out').click();
    await page.getByLabel('Username').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
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

    const watched = await world.logIn();
    const { page } = watched;
    const shown = new Set<string>();
    for (const path of [...PAGES, 'catalog/greet', `revisions/${digest}`, `calls/${call!.mcpFunctionCallUuid}`]) {
      await world.visit(page, path, partition);
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
    const watched = await world.logIn();
    const { page } = watched;
    for (const name of ['Finn', 'Gil']) await world.greet(page, name);
    await world.visit(page, 'calls');
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
    await daemon.apply(configOf('Another text.'), 'a second one');
    await world.visit(page, 'revisions');
    await page.getByRole('link', { name: /the first one/ }).click();
    await button(page, 'Roll back to this').press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Roll back to this');
    expectQuiet(watched);
    await page.close();
  });

  it('shows a viewer the partition that is granted, and no button that would be refused', async () => {
    const watched = await world.logIn('vera');
    const { page } = watched;
    expect(page.url()).toContain('#/alpha');
    for (const name of ['Apply a config', 'Users and sessions']) expect(await page.getByRole('link', { name }).count()).toBe(0);
    await world.visit(page, 'catalog/greet', 'alpha');
    await page.getByText('Calling tools needs the role user or admin. Your roles: viewer.').waitFor();
    expect(await button(page, 'Call').count()).toBe(0);
    await world.visit(page, 'apply', 'alpha');
    await page.getByText('Applying a config needs the role admin.').waitFor();
    await world.visit(page, 'health', 'alpha');
    await page.getByText('Seeing counters and caches needs the role admin.').waitFor();
    await world.visit(page, 'calls', 'default');
    await page.getByRole('heading', { name: 'This partition is not granted to you' }).waitFor();
    await page.locator('main').getByRole('link', { name: 'alpha' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expectQuiet(watched); // nothing was asked for that is refused
    await page.close();
  });

  it('shows a user the own calls alone as they happen, and offers no roll-back', async () => {
    const watched = await world.logIn('ulf');
    const { page } = watched;
    await page.locator('.live-mark.good').waitFor();
    await daemon.call('greet', { name: 'Hal' });
    await world.greet(page, 'Ida');
    await world.visit(page, 'live');
    const rows = page.getByRole('table', { name: 'Live calls' }).locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    await world.visit(page, `revisions/${world.first}`);
    await page.getByText('made on this revision').waitFor();
    expect(await button(page, 'Roll back to this').count()).toBe(0);
    expectQuiet(watched);
    await page.close();
  });

  it('says that the store cannot be used, and goes on when it can', async () => {
    const { page, complaints } = await world.logIn();
    await page.locator('.live-mark.good').waitFor();
    daemon.sql(['ALTER TABLE calls RENAME TO calls_elsewhere']);
    try {
      await world.visit(page, 'health');
      await page.getByText('The store cannot be used now').waitFor();
      await world.visit(page, 'calls');
      await page.getByText('The store failed. The log of the daemon says why.').waitFor();
    } finally {
      daemon.sql(['ALTER TABLE calls_elsewhere RENAME TO calls']);
    }
    await button(page, 'Try again').click();
    await page.getByRole('table', { name: 'Calls' }).waitFor();
    await world.visit(page, 'health');
    await page.getByText('works', { exact: true }).waitFor();
    expect(complaints).toEqual([]); // a failed store is an answer of GraphQL, not of HTTP
    await page.close();
  });

  it('waits for a daemon that restarts, and shows what it has missed without a click', async () => {
    const { page } = await world.logIn();
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
    const { page } = await world.logIn();
    await world.visit(page, 'apply');
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
    const watched = await world.logIn();
    const { page } = watched;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await world.greet(page, '<b>Eve</b>');
    await world.visit(page, 'live');
    await page.getByRole('table').getByRole('link').first().click();
    await page.getByText('Call it again').waitFor();
    const call = /calls\/[^?]+/.exec(page.url())![0];
    const faults: string[] = [];
    const places = [...PAGES, 'catalog/greet', `revisions/${world.first}`, call].map((path) => [path, 'default'] as const);
    const hostile = PAGES.map((path) => [path, 'hostile'] as const);
    for (const [path, partition] of [...places, ...hostile]) {
      await world.visit(page, path, partition);
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
