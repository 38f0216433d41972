/** The sidecar of the suite behind another one, which mounts it without a prefix: clients see no difference, but for {@link OURS}. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Connected } from './clients.js';
import { clientsOver } from './clients.js';
import type { Home } from './sidecar.js';
import { bin, callsOf, createHome } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

/** A step whose result is not that of the mounted server. */
interface OwnStep {
  /** Why; see "What differs" in docs/mounts.md. */
  readonly why: string;
  /** What is so instead. */
  run(client: Connected): void;
}

/** What clients see of us, and not of the mounted server. */
const OURS: Readonly<Record<string, OwnStep>> = {
  'learns the name, version and instructions of the server': {
    why: 'the name and version are those of the server that mounts; the instructions pass',
    run({ serverInfo, instructions }) {
      expect(serverInfo).toMatchObject({ name: 'outer', version: '2.0.0' });
      expect(instructions).toMatch(/one of everything/);
    },
  },
  'learns the capabilities of the server': {
    why: 'skills of a mounted server are served as resources, so the extension is not declared',
    run({ version, capabilities: { extensions, ...others } }) {
      expect(Object.keys(others).sort()).toEqual(
        ['completions', 'logging', 'prompts', 'resources', 'tools'].filter((name) => name !== 'completions' || version > '2025'),
      );
      expect(others).toMatchObject({ resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } });
      // Clients of older SDKs drop what they do not know.
      if (version >= '2026') expect(extensions).toEqual({ 'io.modelcontextprotocol/tasks': {} });
      else expect(extensions).toBeUndefined();
    },
  },
};

/** How the server of a home is mounted. */
export interface Mounting {
  /** The entry in `mcpServers`, besides its prefix. */
  readonly server: object;
  /** Ends what serves the home. */
  stop?(): Promise<void>;
}

/** Runs all steps with some clients, each on a home of its own. */
export function describeMounted(mount: (home: Home) => Promise<Mounting>): void {
  describe.each(clientsOver())('$name', (client) => {
    let home: Home;
    let mounted: Mounting;
    let connected: Connected;

    beforeAll(async () => {
      home = await createHome();
      mounted = await mount(home);
      const config = join(home.folder, 'outer.json');
      const inner = { ...mounted.server, prefix: '' };
      await writeFile(config, JSON.stringify({ name: 'outer', version: '2.0.0', mcpServers: { inner } }));
      const files = ['--config', config, '--data-dir', join(home.folder, 'outer-data')];
      connected = await client.connect([bin, '--transport', 'stdio', '--page-size', '10', '--log-level', 'error', ...files]);
    });
    afterAll(async () => {
      await connected?.close().catch(() => {});
      await mounted?.stop?.();
      await home.remove();
    });

    const { version, modern } = versionOf(client.name);

    for (const step of steps) {
      const why = step.cannot?.({ name: client.name, version, modern });
      const own = OURS[step.name];
      if (why === undefined && own !== undefined) it(`${step.name}: ${own.why}`, () => own.run(connected));
      else if (why === undefined) it(step.name, () => step.run(connected, home));
      else it.skip(`${step.name}: it cannot, ${why}`, () => {});
    }

    it('disconnects, and finds its calls in both records', async () => {
      await connected.close();
      await mounted.stop?.();
      const inner = await callsOf(home, '--limit', '1000');
      const outer = await callsOf({ ...home, dataDir: join(home.folder, 'outer-data') }, '--limit', '1000');
      expect(inner.length).toBeGreaterThan(30);
      expect(outer.length).toBeGreaterThan(30);
      expect(outer.filter(({ status }) => status === 'in_process')).toEqual([]);
      expect(outer.filter(({ bundle_digest }) => bundle_digest !== 'mcp:everything@1.0.0')).toEqual([]);
    });
  });
}
