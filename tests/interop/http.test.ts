/** The steps of the suite over HTTP, with the clients that have a transport for it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { sdkV1, sdkV2 } from './clients.js';
import type { ClientUnderTest, Connected } from './clients.js';
import { createHome, environment } from './sidecar.js';
import type { Home } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

const script = join(dirname(dirname(fileURLToPath(import.meta.url))), 'conformance/server.mjs');

/** Node's own, but what it parses are objects of the test's world: those of another are never deeply equal. */
async function fetchHere(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  return Object.assign(response, { json: async () => JSON.parse(await response.text()) as unknown });
}

const v1 = ([url = '']: string[]): HttpV1 => new HttpV1(new URL(url), { fetch: fetchHere });
const v2 = ([url = '']: string[]): HttpV2 => new HttpV2(new URL(url), { fetch: fetchHere });
const clients: readonly ClientUnderTest[] = [
  sdkV1(v1 as never),
  sdkV2('legacy', v2),
  sdkV2('auto', v2),
  sdkV2({ pin: '2026-07-28' }, v2),
];

describe.each(clients)('$name over HTTP', (client) => {
  let home: Home;
  let server: ChildProcess;
  let connected: Connected;

  beforeAll(async () => {
    home = await createHome();
    server = spawn(process.execPath, [script, home.config, '10'], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise<string>((resolve) => server.stdout?.setEncoding('utf8').once('data', resolve));
    connected = await client.connect([url.trim()]);
  });
  afterAll(async () => {
    await connected?.close().catch(() => {});
    server.kill();
    await home.remove();
  });

  const { version, modern } = versionOf(client.name);

  it(`agrees on ${version}`, () => {
    expect(connected.version).toBe(version);
    expect(connected.modern).toBe(modern);
  });

  for (const step of steps) {
    const why = step.cannot?.({ name: client.name, version, modern });
    if (why === undefined) it(step.name, () => step.run(connected, home));
    else it.skip(`${step.name}: it cannot, ${why}`, () => {});
  }
});
