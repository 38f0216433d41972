/* global document */
/**
 * `node scripts/console-screenshots.mjs URL FOLDER [USERNAME PASSWORD]`: pictures of each page of the console of a running server, light
 * and dark, wide and narrow, to be looked at. Pages that need a call or a revision take the first one of their list.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const [url, folder, username, password] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: console-screenshots.mjs URL FOLDER [USERNAME PASSWORD]');

const PAGES = ['', 'live', 'calls', 'catalog', 'revisions', 'apply', 'settings', 'people', 'health'];
/** Lists of which the first entry is opened, too. */
const LISTS = ['calls', 'catalog', 'revisions'];
const WIDTHS = { wide: 1280, narrow: 390 };

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, width] of Object.entries(WIDTHS)) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      page.on('console', (said) => ['error', 'warning'].includes(said.type()) && console.error(`${said.type()}: ${said.text()}`));
      page.on('pageerror', (error) => console.error(error));
      const shoot = (name) => page.screenshot({ path: join(folder, `${name}-${colorScheme}-${size}.png`), fullPage: true });
      await page.goto(`${url}/console`);
      if (username !== undefined) {
        await page.getByLabel('Username').fill(username);
        await shoot('login');
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Log in' }).click();
      }
      for (const name of PAGES) {
        await page.goto(`${url}/console#/default/${name}`);
        await page.locator(`main[data-page="${name}"] h1`).waitFor();
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        await shoot(name === '' ? 'overview' : name);
        if (!LISTS.includes(name) || (await page.locator('main [data-row]').count()) === 0) continue;
        await page.locator('main [data-row]').first().click();
        await page.waitForFunction(
          () => document.querySelector('.skeleton') === null && document.querySelector('.card') !== null,
        );
        await shoot(`${name}-one`);
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
}
