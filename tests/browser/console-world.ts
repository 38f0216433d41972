/** What the tests of the console share: a daemon, a browser, and what people do on most pages. */
import type { Locator, Page } from 'playwright-core';

import type { Browser, Watched } from './browser.js';
import { launch } from './browser.js';
import type { ConsoleDaemon } from './console-daemon.js';
import { configOf, PASSWORD, startDaemon } from './console-daemon.js';

/** The pages of the menu. */
export const PAGES = ['', 'live', 'calls', 'catalog', 'revisions', 'apply', 'settings', 'people', 'health'];

/** The console of a daemon, in a browser. */
export interface ConsoleWorld {
  readonly browser: Browser;
  readonly daemon: ConsoleDaemon;
  /** The digest of the first revision of the partition `default`. */
  readonly first: string;
  /** Opens the console in a page of its own, and logs in. Default: as the admin. */
  logIn(username?: string): Promise<Watched>;
  /** Goes to a page of the console and waits until it has loaded. Default: of the partition `default`. */
  visit(page: Page, path: string, partition?: string): Promise<void>;
  /** Calls `greet` by its form. */
  greet(page: Page, name: string): Promise<void>;
  close(): Promise<void>;
}

/** A button by its whole name. */
export const button = (page: Page | Locator, name: string): Locator => page.getByRole('button', { name, exact: true });

/** A part of the answer of a function. */
export const answer = (page: Page, text: string): Locator => page.locator('.answer pre', { hasText: text }).first();

/** Fills in the form and sends it. */
export async function fillLogin(form: Page | Locator, username: string, password = PASSWORD): Promise<void> {
  await form.getByLabel('Username').fill(username);
  await form.getByLabel('Password').fill(password);
  await button(form, 'Log in').click();
}

/** Expects no error, no warning, nothing that the policy has stopped, and no request to another server. */
export function expectQuiet({ foreign, complaints }: Watched): void {
  expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
}

/** Starts a daemon with the partitions `default` and `alpha`, and a browser. */
export async function openConsole(): Promise<ConsoleWorld> {
  const daemon = await startDaemon();
  const first = await daemon.apply(configOf(), 'the first one');
  await daemon.apply(configOf(), 'of another partition', 'alpha');
  const browser = await launch(daemon.port);
  const world: ConsoleWorld = {
    ...{ browser, daemon, first },
    async logIn(username = 'admin') {
      const watched = await browser.open(daemon.origin);
      await watched.page.goto(`${daemon.origin}/console`);
      await fillLogin(watched.page, username);
      await watched.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      return watched;
    },
    async visit(page, path, partition = 'default') {
      await page.goto(`${daemon.origin}/console#/${partition}/${path}`);
      await page.locator(`main[data-page="${path.split(/[/?]/)[0] ?? ''}"] h1`).waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    },
    async greet(page, name) {
      await world.visit(page, 'catalog/greet');
      await page.locator('main form input').first().fill(name);
      await button(page, 'Call').click();
      await answer(page, `Hello, ${name}!`).waitFor();
    },
    async close() {
      await browser.close();
      await daemon.remove();
    },
  };
  return world;
}
