/** Runs the steps on sidecars whose functions run elsewhere than usual: clients must see no difference. */
import type { Connected } from './clients.js';
import { clients } from './clients.js';
import type { Home } from './sidecar.js';
import { callsOf, createHome } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

/** Of each era and of the official clients one. */
const CLIENTS = ['raw 2025-11-25', 'raw 2026-07-28', 'SDK v1'];

/**
 * Runs all steps with some clients.
 *
 * @param prepare changes the home before its sidecar starts
 */
export function describeFunctions(prepare: (home: Home) => Promise<void>): void {
  describe.each(clients.filter(({ name }) => CLIENTS.includes(name)))('$name', (client) => {
    let home: Home;
    let connected: Connected;

    beforeAll(async () => {
      home = await createHome();
      await prepare(home);
      // One process: some functions of the suite count their calls in a variable of their module.
      connected = await client.connect(home.args('--page-size', '10', '--process-max-per-module', '1'));
    });
    afterAll(async () => {
      await connected?.close().catch(() => {});
      await home.remove();
    });

    const { version, modern } = versionOf(client.name);

    for (const step of steps) {
      const why = step.cannot?.({ name: client.name, version, modern });
      if (why === undefined) it(step.name, () => step.run(connected, home));
      else it.skip(`${step.name}: it cannot, ${why}`, () => {});
    }

    it('disconnects, and finds its calls in the record', async () => {
      await connected.close();
      const all = await callsOf(home, '--limit', '1000');
      expect(all.length).toBeGreaterThan(30);
      expect(all.filter(({ status }) => status === 'in_process')).toEqual([]);
    });
  });
}
