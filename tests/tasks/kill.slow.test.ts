/**
 * `kill -9` with open tasks. MCP_TEST_KILL_ROUNDS sets how many processes are killed (default 3).
 *
 * What must hold in the end: every task that a client knows of has ended in a state that is true, what was seen as completed stays so
 * with its result, and no work was done twice.
 */
import type { Json } from '../interop/raw.js';
import { envelope, RawClient } from '../interop/raw.js';
import { until } from '../until.js';
import type { WorkHome } from './home.js';
import { createWorkHome } from './home.js';

const ROUNDS = Number(process.env['MCP_TEST_KILL_ROUNDS'] ?? 3);
const TASKS = 24;
const META = { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };

type State = Json & { taskId: string; status: string; inputRequests?: Json; result?: Json; error?: Json; statusMessage?: string };

/** A task that a client knows of. */
interface Known {
  id: string;
  taskId: string;
  /** Its last state that the client saw. */
  seen: State;
}

async function send(client: RawClient, method: string, params: Json): Promise<State> {
  const answer = (await client.ask(method, { ...params, _meta: envelope(META) } as Json)) as { result?: State; error?: Json };
  if (answer.result === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

let home: WorkHome;
beforeAll(async () => {
  home = await createWorkHome();
});
afterAll(() => home.remove());

async function serve(): Promise<RawClient> {
  const client = new RawClient(home.args());
  await client.ask('server/discover', { _meta: envelope({}) });
  return client;
}

it(
  `${ROUNDS} processes are killed: every task ends in a state that is true`,
  async () => {
    const all: Known[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const client = await serve();
      const work = Array.from({ length: TASKS }, async (_, index) => {
        const id = `r${round}-${index}`;
        const asks = index % 4 === 0;
        const created = await send(client, 'tools/call', { name: 'work', arguments: { id, ms: (index * 37) % 400, asks } });
        const known: Known = { id, taskId: created.taskId, seen: created };
        all.push(known);
        while (['working', 'input_required'].includes(known.seen.status)) {
          known.seen = await send(client, 'tasks/get', { taskId: known.taskId });
          const [key] = Object.keys(known.seen.inputRequests ?? {});
          if (key !== undefined)
            await send(client, 'tasks/update', { taskId: known.taskId, inputResponses: { [key]: { action: 'accept' } } });
          else await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }).map((done) => done.catch(() => undefined));
      // The kill comes in the middle: when some tasks are known, and some more have ended, at a different point in each round.
      const ended = (): number => all.filter(({ seen }) => seen.status === 'completed').length;
      const before = ended();
      await until(() => ended() >= before + 2 + ((round * 5) % (TASKS / 2)), 'the end of some tasks');
      client.process.kill('SIGKILL');
      await client.exited;
      await Promise.all(work);
    }

    const client = await serve();
    const truths: Record<string, number> = {};
    for (const { id, taskId, seen } of all) {
      let state = await send(client, 'tasks/get', { taskId });
      // A process counts as alive until its record is marked, or half a minute has passed.
      const isOpen = async (): Promise<boolean> => {
        state = await send(client, 'tasks/get', { taskId });
        return ['working', 'input_required'].includes(state.status);
      };
      await until(async () => !(await isOpen()), 'the end of a task');
      truths[state.status] = (truths[state.status] ?? 0) + 1;
      if (state.status === 'completed') expect(state.result).toMatchObject({ content: [{ text: `worked on ${id}` }] });
      else {
        expect(state).toMatchObject({ status: 'failed', error: { code: -32603 } });
        expect(state.statusMessage).toContain('has ended before the task did');
        expect(seen.status).not.toBe('completed');
      }
    }
    expect(all.length).toBeGreaterThan(ROUNDS * 4);
    const effects = home.effects();
    expect(new Set(effects).size).toBe(effects.length);
    await client.leave();
    process.stdout.write(`killed ${ROUNDS}: ${all.length} tasks: ${JSON.stringify(truths)}\n`);
  },
  120_000 + ROUNDS * 5_000,
);
