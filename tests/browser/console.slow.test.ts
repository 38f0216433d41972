/** The console in a browser, with a daemon as an operator starts it: what an operator does. */
import type { Locator, Page } from 'playwright-core';

import { until } from '../until.js';
import { inBrowser } from './browser.js';
import { configOf } from './console-daemon.js';
import type { ConsoleWorld } from './console-world.js';
import { answer, button, expectQuiet, openConsole } from './console-world.js';

const count = (sql: string): string => `SELECT count(*) FROM ${sql}`;

inBrowser('the console', () => {
  let world: ConsoleWorld;
  let daemon: ConsoleWorld['daemon'];
  beforeAll(async () => {
    world = await openConsole();
    daemon = world.daemon;
  });
  afterAll(() => world?.close());

  /** All calls that the chart shows, by its table. */
  async function inChart(page: Page): Promise<number> {
    const cells = page.getByRole('figure', { name: 'Calls and errors' }).locator('tbody td:nth-child(2)');
    return (await cells.allTextContents()).reduce((sum, text) => sum + Number(text), 0);
  }

  it('logs in, calls a tool by its form, shows the call live, and opens it', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await page.locator('.live-mark.good').waitFor();
    await world.greet(page, 'Ada');
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
    await page.getByRole('link', { name: world.first.slice(0, 10) }).click(); // the revision that has served it
    await page.getByText('the first one').waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('makes a recorded call again, and links its record', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await world.greet(page, 'Grace');
    await world.visit(page, 'calls');
    await page.locator('tbody tr', { hasText: 'greet' }).first().getByRole('link', { name: 'greet' }).click();
    await page.getByRole('heading', { name: 'Replay' }).waitFor();
    expect(await button(page, 'Replay').isDisabled()).toBe(true); // its author does not say that it only reads
    await page.getByLabel('The function does not have the annotation readOnlyHint').check();
    await button(page, 'Replay').click();
    await page.getByText('The same result.').waitFor();
    await page.getByRole('link', { name: 'of the replay' }).click();
    await page.getByText('Replay of').waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it("shows another client's call at the moment it is made, and draws it in the chart", async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, '');
    await page.locator('.chart canvas').nth(1).waitFor();
    const before = await inChart(page);
    await daemon.call('greet', { name: 'Bob' });
    await until(async () => (await inChart(page)) === before + 1, 'the call in the chart');
    await world.visit(page, 'live');
    const rows = page.getByRole('table', { name: 'Live calls' }).locator('tbody tr', { hasText: 'wait' });
    const waiting = daemon.call('wait', { ms: 60_000 });
    await rows.filter({ hasText: 'running' }).waitFor();
    await daemon.release();
    await waiting;
    await rows.filter({ hasText: 'completed' }).waitFor();
    expectQuiet(watched);
    await page.close();
  });

  it('filters the list of calls by what its address says', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await daemon.call('fail', {}, { client: 'a-rare-client' });
    await daemon.untilRow(count(`calls WHERE status = 2`), 1);
    await world.visit(page, 'calls?client=a-rare-client');
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
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'catalog/greet');
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
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'catalog/book');
    await page.locator('main form input').first().fill('room 5');
    await button(page, 'Call').click();
    await page.getByText('How long in room 5?').waitFor();
    await page.locator('.question input').first().fill('3');
    await button(page, 'Answer').click();
    await answer(page, 'Booked room 5: accept 3').waitFor();
    await world.visit(page, 'catalog/wait');
    await page.locator('main form input').first().fill('60000');
    await button(page, 'Call').click();
    await page.getByRole('log').getByText('1 of 2 half way').waitFor();
    await button(page, 'Cancel').click();
    await page.getByText('You have cancelled the call.').waitFor();
    for (const [path, verb, text] of [
      ['catalog/status', 'Read', '"healthy"'],
      ['catalog/letter', 'Get', 'Write to Ada.'],
    ] as const) {
      await world.visit(page, path);
      for (const field of await page.locator('main form input').all()) await field.fill('Ada');
      await button(page, verb).click();
      await answer(page, text).waitFor();
    }
    expectQuiet(watched);
    await page.close();
  });

  it('has a field for each kind of value, and shows the whole answer', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'catalog/echo');
    const form = page.locator('main form');
    const field = (name: string): Locator => form.locator(`[id="arguments/${name}"]`);
    const texts = { mail: 'ada@example.com', site: 'https://example.com', day: '2026-03-08', secret: 's', story: 'two\nlines' };
    for (const [name, value] of Object.entries({ ...texts, size: '7', weight: '1.5', free: '{"a":[1]}' }))
      await field(name).fill(value);
    await field('loud').selectOption('false');
    await field('colour').selectOption('green');
    await field('version').check();
    const names = form.getByRole('group', { name: 'names' });
    for (const name of ['Ada', 'Bob']) {
      await names.getByRole('button', { name: 'Add an item' }).click();
      await names.locator('input').last().fill(name);
    }
    expect(await names.getByRole('button', { name: 'Add an item' }).count()).toBe(0);
    await names.getByRole('button', { name: 'Remove item 1' }).click();
    await form.getByLabel('Send this object').check();
    await field('place/city').fill('Oslo');
    await field('either').selectOption({ label: 'string' });
    await field('either/value').fill('or a text');
    await field('size').fill('0');
    await field('size').press('Control+Enter');
    await page.getByText('One field needs another value.').waitFor();
    expect(await page.evaluate('document.activeElement?.id')).toBe('arguments/size');
    await field('size').fill('7');
    await field('size').press('Control+Enter');
    await page.locator('.answer .picture').waitFor();
    const given = {
      ...{ ...texts, size: 7, weight: 1.5, loud: false, colour: 'green', names: ['Bob'], place: { city: 'Oslo' } },
      ...{ either: 'or a text', version: 2, free: { a: [1] } },
    };
    expect(JSON.parse(await page.locator('.answer pre').first().innerText())).toEqual(given);
    await page.locator('.answer').getByText('the status', { exact: true }).waitFor();
    await page.locator('.answer').getByText('The whole answer as JSON').click();
    await page.locator('.answer pre', { hasText: '"resource_link"' }).waitFor();

    await button(page, 'JSON').click();
    const json = page.getByLabel('Arguments as JSON');
    expect(JSON.parse(await json.inputValue())).toEqual(given);
    await json.fill('{');
    await button(page, 'Form').click();
    await page.getByText(/This is not JSON/).waitFor();
    await json.fill('{"mail":"eve@example.com","unknown":1}');
    await button(page, 'Form').click();
    await page.getByText('The form cannot show this value.').waitFor();
    await json.fill('{"mail":"eve@example.com","colour":"red"}');
    await button(page, 'Form').click();
    expect(await field('mail').inputValue()).toBe('eve@example.com');

    await page.getByRole('link', { name: 'Its calls' }).click();
    await page.getByRole('table', { name: 'Calls' }).getByRole('link', { name: 'echo' }).first().click();
    await page.getByRole('link', { name: 'Open its form with these arguments' }).click();
    await field('place/city').waitFor();
    expect(await field('story').inputValue()).toBe('two\nlines');
    expectQuiet(watched);
    await page.close();
  });

  it('keeps the choices of the reader: colours, period, a paused list, and commands to copy', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await page.getByLabel('Colours').selectOption('dark');
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    await button(page, '30 days').click();
    await page.getByRole('heading', { name: 'Calls a day' }).waitFor();
    expect(page.url()).toContain('period=30d');
    const plot = page.locator('.chart .u-over').first();
    // The values under the pointer. The chart may be drawn anew just after the pointer has come to it.
    const values = page.locator('.legend .strong');
    for (let x = 20; (await values.count()) === 0; x = (x % 60) + 7) await plot.hover({ position: { x, y: 20 } });
    await world.visit(page, 'live');
    await button(page, 'Pause').click();
    await daemon.call('greet', { name: 'Kim' });
    await page.getByRole('button', { name: 'Resume (1 new)' }).click();
    const rows = page.getByRole('table', { name: 'Live calls' }).locator('tbody tr');
    await rows.first().waitFor();
    await page.getByLabel(/Function or caller/).fill('nothing like it');
    await page.getByText('No call here matches').waitFor();
    await page.getByLabel(/Function or caller/).fill('GREET');
    await rows.first().getByRole('link').click();
    await page.getByRole('button', { name: 'Copy: the curl command' }).click();
    await page.getByText('Copied the curl command.').waitFor();
    await world.visit(page, 'catalog?kind=prompt');
    const functions = page.locator('main .rows li');
    expect(await functions.count()).toBe(1);
    await button(page, 'All').click();
    await page.getByLabel(/Search/).fill('its arguments');
    await functions.filter({ hasText: 'echo' }).waitFor();
    expect(await functions.count()).toBe(1);
    await page.getByLabel(/Search/).fill('nothing like it');
    await page.getByText('No function matches').waitFor();
    for (const [path, title] of [
      ['nowhere', 'There is no such page'],
      ['catalog/gone', 'The catalog has no function of this name'],
      ['calls/019a0000-0000-7000-8000-000000000000', 'There is no record of this call'],
      ['revisions/0123456789', 'This revision is not in the history of the partition'],
    ] as const) {
      await world.visit(page, path);
      await page.getByText(title).waitFor();
    }
    expectQuiet(watched);
    await page.close();
  });

  it('shows a revision that was applied elsewhere, and rolls it back', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'revisions');
    const second = await daemon.apply(configOf('Greets everybody.', { loud: { type: 'boolean' } }), 'applied elsewhere');
    const entries = page.getByRole('list', { name: 'History' });
    await entries.getByRole('link', { name: new RegExp(`${second.slice(0, 10)}.*served now.*applied elsewhere`, 's') }).waitFor();
    await world.visit(page, 'catalog/greet');
    await page.getByText('Greets everybody.').first().waitFor();
    await world.visit(page, `revisions/${second}`);
    await page.getByText('$.tools.greet.inputSchema.properties.loud').first().waitFor();
    await world.visit(page, 'revisions');
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
      .getByRole('link', { name: new RegExp(`${world.first.slice(0, 10)}.*rolled back.*served now.*back again`, 's') })
      .waitFor();
    const { catalog } = await daemon.graphql('{ catalog { revision } }');
    expect(catalog).toEqual({ revision: world.first });
    expectQuiet(watched);
    await page.close();
  });

  it('lists the mistakes of a config, and applies one after its plan was shown and its breaking changes were allowed', async () => {
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'apply', 'alpha');
    const config = page.getByRole('textbox', { name: 'Config' });
    await config.fill('{ "tools": [{ "name": "lost" }] }');
    await button(page, 'Show the plan').click();
    await page.getByText('$.tools[0]').waitFor();
    for (const [note, text, breaks] of [
      ['a change', configOf('Greets.'), false],
      ['a breaking change', configOf('Greets.', { loud: { type: 'boolean' } }), true],
    ] as const) {
      await world.visit(page, 'apply', 'alpha');
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
    const watched = await world.logIn();
    const { page } = watched;
    await world.visit(page, 'calls');
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
});
