/** What the tests in a browser share: Chromium, as it is installed, with nothing but the pages that a test serves. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

const ELSEWHERE = 'mcp.test';
/** A server of no machine's own name: what browsers forgive localhost, such as having no TLS, they do not forgive here. */
export const ELSEWHERE_ORIGIN = `http://${ELSEWHERE}`;

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
];

/** In each page: what its policy stops is an error. */
const POLICY = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));`;

/** Tests in a browser. Without one they are skipped, and in CI they fail. */
export function inBrowser(name: string, tests: () => void): void {
  if (existsSync(CHROMIUM)) {
    describe(name, tests);
    return;
  }
  const missing = `there is no Chromium at ${CHROMIUM}: install Debian's chromium, or set CHROMIUM_PATH`;
  if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('has a browser', () => {
        throw new Error(missing);
      });
    });
    return;
  }
  process.stderr.write(`${name}: skipped, ${missing}\n`);
  describe.skip(name, tests);
}

/** A page, and what it did that nobody wants. */
export interface Watched {
  readonly page: Page;
  /** Requests to others than the server of the test. None of them has left. */
  readonly foreign: string[];
  /** What the browser complained about: errors, warnings, what a Content-Security-Policy has stopped. */
  readonly complaints: string[];
}

/** Where `npm run coverage` wants the counts of pages whose script is instrumented. */
const PAGE_COVERAGE = process.env['PAGE_COVERAGE'];

/** Writes down which code a page has run. */
async function keepCoverage(page: Page, folder: string): Promise<void> {
  const counts = (await page.evaluate('JSON.stringify(globalThis.__coverage__)')) as string | undefined;
  if (counts !== undefined) await writeFile(join(folder, `page-${randomUUID()}.json`), counts);
}

/** A browser of one test file. */
export interface Browser {
  /** Opens a page whose only server is this one. */
  open(origin: string): Promise<Watched>;
  close(): Promise<void>;
}

/**
 * Starts a browser that knows nothing yet, and no name but one.
 *
 * @param port the server that {@link ELSEWHERE_ORIGIN} is
 */
export async function launch(port: number): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    headless: true,
    args: [...FLAGS, `--host-resolver-rules=MAP ${ELSEWHERE}:80 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`],
  });

  return {
    async open(origin) {
      const page = await context.newPage();
      const foreign: string[] = [];
      const complaints: string[] = [];
      page.on('console', (said) => {
        if (['error', 'warning'].includes(said.type())) complaints.push(`${said.type()}: ${said.text()}`);
      });
      page.on('pageerror', ({ message }) => complaints.push(`exception: ${message}`));
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) foreign.push(request.url());
      });
      await page.route(
        (url) => url.origin !== origin,
        (route) => route.abort(),
      );
      page.setDefaultTimeout(120_000);
      await page.addInitScript(POLICY);
      if (PAGE_COVERAGE !== undefined) {
        const close = page.close.bind(page);
        page.close = async (options) => {
          await keepCoverage(page, PAGE_COVERAGE);
          await close(options);
        };
      }
      return { page, foreign, complaints };
    },
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
