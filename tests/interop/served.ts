/** The steps of the suite over HTTP, whatever the transport: each client with a server of its own. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

import type { ClientUnderTest, Connected } from './clients.js';
import type { Home } from './sidecar.js';
import { bin, createHome, environment } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

/** A server of a home, and where its transports are. */
export interface HomeServer {
  readonly http: string;
  readonly sse: string;
  stop(): Promise<void>;
}

/** Serves a home with the command, as an operator starts it. */
export async function serveHome(home: Pick<Home, 'config' | 'dataDir'>): Promise<HomeServer> {
  const settings = ['--transport', 'sse', '--port', '0', '--auth-provider', 'none', '--rate-limit', '0'];
  const files = ['--config', home.config, '--data-dir', home.dataDir, '--page-size', '10'];
  const server: ChildProcess = spawn(process.execPath, [bin, ...settings, ...files], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`the server ended before it served: ${log}`)));
  });
  return {
    http: `${url}/mcp`,
    sse: `${url}/sse`,
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
