/** A page that watches live events with the browser's own EventSource, by the code that docs/events.md gives. */
import { readFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool, META } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import { createLocalAuth } from '@mcp-daemon/express/local';

import { until } from '../until.js';
import { root } from '../walls.js';
import type { Browser } from './browser.js';
import { inBrowser, launch } from './browser.js';

const TOKEN = 'a-token-of-the-tests';

const echo = defineTool({ name: 'echo', inputSchema: { type: 'object' }, run: () => 'done' });

/** A connection that can be lost: everything goes through it until it is cut. */
async function line(
  port: number,
): Promise<{ origin: string; cut: () => void; mend: () => void; refused: () => number; close: () => void }> {
  const sockets = new Set<Socket>();
  let whole = true;
  let refused = 0;
  const proxy = createServer((near) => {
    if (!whole) {
      refused += 1;
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut,
    mend: () => (whole = true),
    refused: () => refused,
    close() {
      cut();
      proxy.close();
    },
  };
}

/** The code for pages in the docs. */
async function documentedCode(): Promise<string> {
  const code = /```js\n(\/\/ In the page\.[^]*?)```/.exec(await readFile(join(root, 'docs/events.md'), 'utf8'))?.[1];
  if (code === undefined) throw new Error('docs/events.md has no code for pages');
  return code;
}

interface Shown {
  type: string;
  callId?: string;
}

inBrowser('a page that watches', () => {
  let browser: Browser;
  let daemon: Daemon;
  let server: HttpServer;
  let wire: Awaited<ReturnType<typeof line>>;

  beforeAll(async () => {
    daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    const jwtSecret = 'a secret of the tests, which is long enough';
    const auth = await createLocalAuth({ userFile: '/nowhere/users.json', jwtSecret, adminStaticToken: TOKEN });
    server = await serveHttp(daemon, { auth, port: 0 });
    wire = await line(server.port);
    browser = await launch(server.port);
  });

  afterAll(async () => {
    await browser.close();
    wire.close();
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });

  /** A call of somebody who is not behind the line. */
  async function call(): Promise<void> {
    const params = { name: 'echo', _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} } };
    const answer = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'echo',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    expect(await answer.json()).toMatchObject({ result: { content: [{ text: 'done' }] } });
  }

  it('sees calls live and misses none, although its connection is interrupted many times', async () => {
    const { page, foreign } = await browser.open(wire.origin);
    const script = `const token = ${JSON.stringify(TOKEN)}; const shown = window.shown = []; const show = (event) => shown.push(event);
      ${await documentedCode()}; watch();`;
    await page.route(`${wire.origin}/page`, (route) =>
      route.fulfill({ contentType: 'text/html', body: `<!doctype html><script>${script}</script>` }),
    );
    const shown = (): Promise<Shown[]> => page.evaluate('window.shown') as Promise<Shown[]>;
    const count = async (type: string): Promise<number> => (await shown()).filter((event) => event.type === type).length;
    async function sees(type: string, times: number): Promise<void> {
      await page.waitForFunction(`window.shown.filter(({ type }) => type === '${type}').length >= ${times}`);
    }

    await page.goto(`${wire.origin}/page`);
    await sees('ready', 1);
    await call();
    await sees('call_settled', 1);

    let calls = 1;
    for (let loss = 1; loss <= 3; loss += 1) {
      const before = wire.refused();
      wire.cut();
      for (let missed = 0; missed < 5; missed += 1) await call();
      calls += 5;
      // It has tried, and found nobody.
      await until(() => wire.refused() > before, 'a connection that is refused');
      expect(await count('call_settled')).toBe(calls - 5);
      wire.mend();
      await sees('ready', loss + 1);
      await call();
      calls += 1;
      await sees('call_settled', calls);
    }

    const events = await shown();
    const settled = events.filter(({ type }) => type === 'call_settled').map(({ callId }) => callId);
    const started = events.filter(({ type }) => type === 'call_started').map(({ callId }) => callId);
    expect(settled).toHaveLength(calls);
    expect(new Set(settled).size).toBe(calls);
    expect(started).toEqual(settled); // one after the other, each once
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
    expect(foreign).toEqual([]);
    await page.close();
  });
});
