/** What is served beside /mcp where partitions are in a store: metrics, live events and the old HTTP+SSE transport. */
import { until } from '../until.js';
import { post } from './people.js';
import type { Server, World } from './world.js';
import { ADMIN, ALL_ENGINES, createWorld } from './world.js';

const CODE = 'export const say = ({ text }) => `said: ${text}`;\n';
const CONFIG = {
  tools: [{ name: 'one', inputSchema: { type: 'object' } }],
  module_links: [{ type: 'tool', name: 'one', module_name: 'say', function_name: 'say' }],
  modules: [{ module_name: 'say' }],
};
/** Counters of a store on a network. */
const STORE_COUNTERS = [
  'mcp_daemon_store_requests_total',
  'mcp_daemon_store_retries_total',
  'mcp_daemon_store_throttled_total',
  'mcp_daemon_store_records_waiting',
  'mcp_daemon_store_records_cut_total',
];

/** The beginning of an answer: of a stream its first event, of any other all of it. */
async function get(url: string, token: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const ending = new AbortController();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers }, signal: ending.signal });
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true)
    return { status: answer.status, text: await answer.text() };
  ending.abort();
  return { status: answer.status, text: '' };
}

describe.each(ALL_ENGINES)('on %s', (engine) => {
  let world: World;
  let server: Server;
  let ann: string;

  beforeAll(async () => {
    world = await createWorld(engine);
    await world.write('say.mjs', CODE);
    if (engine === 'SQLite') await world.write('mcp.json', CONFIG);
    else expect(await world.run('store', 'init')).toMatchObject({ code: 0 });
    await world.write('acme.json', CONFIG);
    expect(await world.run('config', 'apply', 'acme.json', '--partition', 'acme', '--yes')).toMatchObject({ code: 0 });
    const added = await world.runWith('a-password-of-ann-1\n', 'users', 'add', 'ann', '--partition', 'acme', '--password-stdin');
    expect(added).toMatchObject({ code: 0 });
    ann = (await world.run('tokens', 'create', 'ann')).stdout.trim();
    server = await world.serve();
    await until(
      async () => (await post({ url: server.url, partition: 'acme', token: ann }, 'tools/list')).status === 200,
      'the token',
    );
  });
  afterAll(() => world.remove());

  test('the metrics have counters of requests to the store if it is DynamoDB, and none if it is SQLite', async () => {
    expect((await post({ url: server.url, partition: 'acme' }, 'tools/call', { name: 'one', arguments: {} })).text).toContain(
      'said',
    );
    const values = async (): Promise<Map<string, number>> => {
      const { text } = await get(`${server.url}/metrics`, ADMIN);
      return new Map([...text.matchAll(/^(mcp_daemon_store_\w+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
    };
    if (engine === 'SQLite') {
      expect(await values()).toEqual(new Map());
      return;
    }
    const before = await values();
    expect([...before.keys()].sort()).toEqual([...STORE_COUNTERS].sort());
    const requests = before.get('mcp_daemon_store_requests_total') ?? 0;
    expect(requests).toBeGreaterThan(0);
    // The partition's head is read once per second, and the record is written.
    await until(async () => ((await values()).get('mcp_daemon_store_requests_total') ?? 0) > requests, 'more requests');
  });

  test.each(['events', 'sse'])(
    '/%s of a partition that is not there is an error: an admin is told, a user is not',
    async (path) => {
      const { url } = server;
      const [known, unknown] = [`${url}/acme/${path}`, `${url}/not_there/${path}`];
      expect((await get(known, ADMIN)).status).toBe(200);
      expect((await get(known, ann)).status).toBe(200);
      const told = await get(unknown, ADMIN);
      expect(told.status).toBe(400);
      expect(told.text).toContain('There is no partition \\"not_there\\".');
      const refused = await get(unknown, ann);
      expect(refused.status).toBe(403);
      expect(refused.text).toContain('The token does not grant this partition.');
      // A part that is not there looks the same.
      expect(await get(known, ann, { 'part-id': 'b' })).toEqual(refused);
      expect((await get(known, ADMIN, { 'part-id': 'b' })).text).toContain('There is no partition \\"acme#b\\".');
    },
  );
});
