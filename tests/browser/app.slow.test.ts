/** The example with a page, in a host that is made of the official bridge of MCP Apps. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { build } from 'esbuild';

import type { Browser } from './browser.js';
import { inBrowser, launch } from './browser.js';

const ROOT = join(import.meta.dirname, '../..');

/** Shows the page in a sandboxed frame, and gives it the result of the tool. */
const HOST = `
  import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';
  const frame = document.querySelector('iframe');
  const { page, result } = JSON.parse(document.querySelector('#data').textContent);
  const bridge = new AppBridge(null, { name: 'host', version: '1.0.0' }, {});
  window.sizes = [];
  bridge.addEventListener('sizechange', (size) => window.sizes.push(size));
  bridge.addEventListener('initialized', async () => {
    await bridge.sendToolInput({ arguments: { year: 2026 } });
    await bridge.sendToolResult(result);
  });
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.srcdoc = page;
`;

/** What a host needs of a tool with a page: the page and a result. */
async function fromServer(): Promise<{ page: string; result: unknown }> {
  const client = new Client({ name: 'host', version: '1.0.0' });
  const bin = join(ROOT, 'packages/cli/dist/bin.js');
  const args = [bin, '--transport', 'stdio', '--config', join(ROOT, 'examples/app/mcp.json'), '--store', 'memory'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
  try {
    const { tools } = await client.listTools();
    const { resourceUri } = tools[0]?._meta?.['ui'] as { resourceUri: string };
    const { contents } = await client.readResource({ uri: resourceUri });
    const result = await client.callTool({ name: 'sales', arguments: { year: 2026 } });
    return { page: (contents[0] as { text: string }).text, result };
  } finally {
    await client.close();
  }
}

inBrowser('a tool with a page', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: HOST, resolveDir: ROOT },
      ...{ bundle: true, format: 'esm', write: false, platform: 'browser', logLevel: 'silent' },
    });
    const data = JSON.stringify(await fromServer()).replaceAll('<', '\\u003c');
    const html = `<!doctype html><title>host</title><iframe sandbox="allow-scripts" style="width: 600px; height: 300px"></iframe>
      <script type="application/json" id="data">${data}</script><script type="module" src="/host.js"></script>`;
    server = createServer(({ url }, response) => {
      const isScript = url === '/host.js';
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
      response.end(isScript ? outputFiles[0]?.text : html);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    origin = `http://127.0.0.1:${port}`;
    browser = await launch(port);
  });

  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it('shows its result in the frame of a host', async () => {
    const { page, complaints, foreign } = await browser.open(origin);
    await page.goto(origin);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Sales of 2026' }).waitFor();
    expect(await frame.locator('li').count()).toBe(12);
    await page.waitForFunction('window.sizes.length > 0');
    expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] });
  });
});
