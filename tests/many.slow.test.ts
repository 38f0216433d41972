/**
 * Many sidecars on one store file, and sidecars that are killed: no answered call is missing in the record, and none is there twice.
 * `MANY_PROCESSES`, `MANY_CALLS` and `MANY_ROUNDS` make it more or less.
 */
import type { Json } from './interop/raw.js';
import { RawClient } from './interop/raw.js';
import type { Home } from './interop/sidecar.js';
import { callsOf, createHome } from './interop/sidecar.js';
import { until } from './until.js';

const number = (name: string, standard: number): number => Number(process.env[name] ?? standard);
const PROCESSES = number('MANY_PROCESSES', 20);
const CALLS = number('MANY_CALLS', 500);
const ROUNDS = number('MANY_ROUNDS', 10);
/** Calls that one client has under way. */
const WINDOW = 16;

let home: Home;
beforeEach(async () => (home = await createHome()));
afterEach(() => home.remove());

const tagOf = (record: Json): string => String((record['arguments'] as Json)['tag']);
const call = (client: RawClient, name: string, args: Json): Promise<Json> => client.ask('tools/call', { name, arguments: args });

/** Keeps calls under way, each with a tag of its own. @returns the tags that were answered */
async function load(
  client: RawClient,
  prefix: string,
  count: number,
  args: (index: number) => [string, Json],
): Promise<Set<string>> {
  const answered = new Set<string>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const tag = `${prefix}-${index}`;
      const [name, more] = args(index);
      const { result } = await call(client, name, { ...more, tag });
      if ((result as Json | undefined)?.['isError'] !== undefined) throw new Error(JSON.stringify(result));
      answered.add(tag);
    }
  };
  await Promise.allSettled(Array.from({ length: WINDOW }, worker));
  return answered;
}

test(`${PROCESSES} sidecars at once on one store file, ${CALLS} calls each: each call is recorded once`, async () => {
  const wanted: string[] = [];
  await Promise.all(
    Array.from({ length: PROCESSES }, async (_, process) => {
      const client = new RawClient(home.args());
      await client.initialize();
      const answered = await load(client, `process ${process}`, CALLS, () => ['test_structured', { text: 'a b' }]);
      wanted.push(...answered);
      expect(answered.size).toBe(CALLS);
      expect(await client.end()).toEqual({ code: 0, signal: null });
      expect(client.stderr).not.toMatch(/lost|cannot be written/);
    }),
  );
  const calls = await callsOf(home, '--limit', String(2 * PROCESSES * CALLS));
  expect(calls).toHaveLength(PROCESSES * CALLS);
  expect(calls.map(tagOf).sort()).toEqual(wanted.sort());
  expect(new Set(calls.map((record) => record['mcp_function_call_uuid'])).size).toBe(calls.length);
  expect([...new Set(calls.map(({ status }) => status))]).toEqual(['completed']);
});

test(`${ROUNDS} sidecars killed under load: what they answered is settled, what they had begun is interrupted`, async () => {
  // One that lives through it all: nobody may take its open call for one of the dead.
  const bystander = new RawClient(home.args());
  await bystander.initialize();
  const long = call(bystander, 'test_wait', { ms: 60_000, tag: 'bystander' });

  const answered = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const client = new RawClient(home.args());
    await client.initialize();
    const loading = load(client, `round ${round}`, 100_000, (index) =>
      index % 3 === 0 ? ['test_wait', { ms: index % 20 }] : ['test_structured', { text: 'a b' }],
    );
    const stuck = call(client, 'test_wait', { ms: 60_000, tag: `stuck ${round}` }).catch(() => undefined);
    await until(() => client.lines.length > 100 + round * 50, 'some calls');
    client.process.kill('SIGKILL');
    expect((await client.exited).signal).toBe('SIGKILL');
    for (const tag of await loading) answered.add(tag);
    expect(await stuck).toBeUndefined();
  }

  const statuses = new Map((await callsOf(home, '--limit', '1000000')).map((record) => [tagOf(record), record['status']]));
  expect([...answered].filter((tag) => statuses.get(tag) !== 'completed')).toEqual([]);
  for (let round = 0; round < ROUNDS; round += 1) expect(statuses.get(`stuck ${round}`)).toBe('interrupted');
  const unanswered = [...statuses].filter(([tag]) => !answered.has(tag) && tag !== 'bystander');
  // Whoever dies between its commit and its answer has settled what it never said.
  expect(unanswered.filter(([, status]) => status !== 'interrupted' && status !== 'completed')).toEqual([]);
  expect(unanswered.length).toBeLessThanOrEqual(ROUNDS * (WINDOW + 1));

  expect(statuses.get('bystander')).toBe('in_process');
  bystander.process.kill('SIGKILL');
  await long.catch(() => undefined);
  const after = await callsOf(home, '--name', 'test_wait', '--status', 'interrupted', '--limit', '1000');
  expect(after.map(tagOf)).toContain('bystander');
});
