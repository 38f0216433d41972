import type { Connected } from './clients.js';
import { clients } from './clients.js';
import type { Home } from './sidecar.js';
import { callsOf, createHome } from './sidecar.js';
import { steps } from './steps.js';
import { versionOf } from './table.js';

describe.each(clients)('$name', (client) => {
  let home: Home;
  let connected: Connected;

  beforeAll(async () => {
    home = await createHome();
    connected = await client.connect(home.args('--page-size', '10'));
  });
  afterAll(async () => {
    await connected.close().catch(() => {});
    await home.remove();
  });

  const { version, modern } = versionOf(client.name);

  it(`agrees on ${version}`, () => {
    expect(connected.version).toBe(version);
    expect(connected.modern).toBe(modern);
    expect(connected.listen !== undefined).toBe(modern);
  });

  for (const step of steps) {
    const why = step.cannot?.({ name: client.name, version, modern });
    if (why === undefined) it(step.name, () => step.run(connected, home));
    else it.skip(`${step.name}: it cannot, ${why}`, () => {});
  }

  it('disconnects, and finds its calls in the record', async () => {
    await connected.close();
    const calls = await callsOf(home, '--name', 'test_wait', '--limit', '10');
    expect(calls.map(({ name, status }) => [name, status])).toEqual([['test_wait', 'cancelled']]);
    const all = await callsOf(home, '--limit', '1000');
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(({ status }) => status === 'in_process')).toEqual([]);
  });
});
