/** Keys whose first call ran on a daemon that is killed, seen from another daemon on the same store. */
import type { HttpDaemon, SharedStore } from '../tasks/daemons.js';
import { openShared, STORES } from '../tasks/daemons.js';
import { until } from '../until.js';
import type { EffectsHome } from './home.js';
import { createEffectsHome, keyed, repeatOf, textOf } from './home.js';

/**
 * How long a key whose process was killed may hold others up, in milliseconds. SQLite knows at once that the process is gone, which is ten
 * times as fast even on a busy machine; without that, the lease of half a minute would have to pass, as with DynamoDB.
 */
const KNOWN_WITHIN_MS: Record<string, number> = { SQLite: 15_000 };

describe.each(STORES)('two daemons on one store: %s', (kind) => {
  let home: EffectsHome;
  let store: SharedStore;
  let two: HttpDaemon;
  const limit = KNOWN_WITHIN_MS[kind] ?? Infinity;

  beforeAll(async () => {
    home = await createEffectsHome();
    store = await openShared(kind, home.dataDir);
    two = await store.serve(home.config);
  });
  afterAll(async () => {
    await store.end();
    await home.remove();
  });

  /** A call that has had its effect when its daemon is killed. */
  async function killed(tool: string, id: string): Promise<Record<string, unknown>> {
    const one = await store.serve(home.config);
    const params = keyed(tool, id, { id, ms: 60_000 });
    const first = one.send('tools/call', params).catch(() => 'gone');
    await until(() => home.effects().has(id), 'its effect');
    await one.kill();
    expect(await first).toBe('gone');
    return params;
  }

  it('a call is not made again, and its client is told so', async () => {
    const params = await killed('charge', 'k');
    const began = performance.now();
    const result = await two.send('tools/call', params);
    expect(textOf(result)).toMatch(/was interrupted: the process that ran it has ended\. It may have had its effect\./);
    expect(result['isError']).toBe(true);
    expect(repeatOf(result)).toMatch(/^[0-9a-f-]{36}$/);
    expect(performance.now() - began).toBeLessThan(limit);
    expect(home.effects().get('k')).toBe(1);
  });

  it('one that may be repeated is made again', async () => {
    const { arguments: args, ...params } = await killed('repeatable', 'r');
    // The arguments of a key cannot be changed, so the second run is not waited for: that it runs is enough.
    const again = two.send('tools/call', { ...params, arguments: args });
    await until(() => home.effects().get('r') === 2, 'the second run');
    void again.catch(() => undefined); // its daemon is stopped
  });
});
