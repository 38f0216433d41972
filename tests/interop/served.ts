/** The steps of the suite over HTTP, whatever the transport: each client with a server of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientUnderTest, Connected } from './clients.js';
import { createHome, environment } from './sidecar.js';
import type { Home } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

const script = join(dirname(dirname(fileURLToPath(import.meta.url))), 'conformance/server.mjs');

/** A server of a home, and where its transports are. */
export interface HomeServer {
  readonly http: string;
  readonly sse: string;
  stop(): Promise<void>;
}

/** Serves a home. */
export async function serveHome(home: Home): Promise<HomeServer> {
  const server: ChildProcess = spawn(process.execPath, [script, home.config, '10'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const http = await new Promise<string>((resolve, reject) => {
    server.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    void ended.then(() => reject(new Error('the server ended before it served')));
  });
  return {
    http,
    sse: http.replace(/\/mcp$/, '/sse'),
    stop() {
      server.kill();
      return ended;
    },
  };
}

/** Node's own, but what it parses are objects of the test's world: those of another are never deeply equal. */
export async function fetchHere(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  return Object.assign(response, { json: async () => JSON.parse(await response.text()) as unknown });
}

/** Runs all steps with all clients over one transport. */
export function describeOver(
  transport: string,
  clients: readonly ClientUnderTest[],
  urlOf: (server: HomeServer) => string,
): void {
  describe.each(clients)(`$name over ${transport}`, (client) => {
    let home: Home;
    let server: HomeServer;
    let connected: Connected;

    beforeAll(async () => {
      home = await createHome();
      server = await serveHome(home);
      connected = await client.connect([urlOf(server)]);
    });
    afterAll(async () => {
      await connected?.close().catch(() => {});
      await server?.stop();
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

    it('leaves', () => connected.close());
  });
}
