/** The console's page and files over HTTP. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createConsole, createOpenAuth, createRouter, serveHttp } from '@mcp-daemon/express';
import express from 'express';

import { ask, localAuth } from '../auth/support.js';
import { atEnd, echo } from '../support.js';
import { consoleFolder, SCRIPT } from './support.js';

async function served(options: HttpOptions): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const server = await serveHttp(daemon, { port: 0, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

describe('the console', () => {
  it('is a page without data, which needs no token and has a strict policy', async () => {
    const { url } = await served({ auth: await localAuth({}), console: { assetsDir: await consoleFolder() } });
    const page = await fetch(`${url}/console`);
    expect(page.status).toBe(200);
    const text = await page.text();
    expect(text).toContain(`"console/assets/${SCRIPT}"`);
    expect(text).toContain('data-security="login"');
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy.split(';')).toContain(rule);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('says on the page that a server without authentication needs no login', async () => {
    const { url } = await served({ auth: createOpenAuth(), console: { assetsDir: pathToFileURL(`${await consoleFolder()}/`) } });
    expect(await (await fetch(`${url}/console`)).text()).toContain('data-security="none"');
  });

  it('sends its script compressed and forever, plain to those who want it plain, and 304 to those who have it', async () => {
    const { url, port } = await served({ console: { assetsDir: await consoleFolder() } });
    const script = await fetch(`${url}/console/assets/${SCRIPT}`);
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(await script.text()).toBe('start();');
    const plain = await fetch(`${url}/console/assets/${SCRIPT}`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe('start();');
    // Not by fetch: Node's asks for no cached answers.
    const again = await ask(port, 'GET', `/console/assets/${SCRIPT}`, { 'if-none-match': script.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  it('sends nothing else of its folder', async () => {
    const { url } = await served({ console: { assetsDir: await consoleFolder() } });
    for (const name of ['secret.key', '..%2fconsole.html', 'console.html', '%2e%2e/package.json'])
      expect([name, (await fetch(`${url}/console/assets/${name}`)).status]).toEqual([name, 404]);
  });

  it('works below a mount path, with and without a slash at its end', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    const router = createRouter(daemon, { console: { assetsDir: await consoleFolder() } });
    atEnd(() => router.close({ drainMs: 10 }));
    const app = express().use('/ai', router).listen(0, '127.0.0.1');
    await new Promise((resolve) => app.once('listening', resolve));
    atEnd(() => new Promise((resolve) => (app.closeAllConnections(), app.close(resolve))));
    const { port } = app.address() as { port: number };
    for (const path of ['/ai/console', '/ai/console/']) {
      const page = `http://127.0.0.1:${port}${path}`;
      const [, script = ''] = /src="(.+?)"/.exec(await (await fetch(page)).text()) ?? [];
      expect([path, (await fetch(new URL(script, page))).status]).toEqual([path, 200]);
    }
  });

  it('is not there where it was not asked for, and its folder is checked at once', async () => {
    const { url } = await served({});
    expect((await fetch(`${url}/console`)).status).toBe(404);
    const folder = await consoleFolder();
    await rm(join(folder, 'console.html'));
    expect(() => createConsole({ assetsDir: folder })).toThrow(/does not contain the console/);
  });
});
