/**
 * `kill -9` under load, with tasks, keys and approvals open. MCP_TEST_KILL_ROUNDS sets how many processes are killed (default 4).
 *
 * What must hold in the end: no id was charged twice, what a client got an answer for gives the same answer again, and a key of which
 * no answer came says what is true: the result, or that the outcome is unknown.
 */
import type { Json } from '../interop/raw.js';
import { envelope, RawClient } from '../interop/raw.js';
import { until } from '../until.js';
import type { EffectsHome } from './home.js';
import { createEffectsHome, keyed, repeatOf, textOf } from './home.js';

const ROUNDS = Number(process.env['MCP_TEST_KILL_ROUNDS'] ?? 4);
/** Operations of one round. */
const CALLS = 28;
/** Calls at once. */
const LANES = 6;
const APPROVAL = 'io.mcp-daemon/approval';
const ENV = { MCP_STATE_SECRET: 'the same for all processes of this test' };

/** A call, until its client has an answer. */
interface Operation {
  id: string;
  params: Record<string, unknown>;
  /** What the client got: text of the result. */
  answer?: string;
  /** The answer to the question of an approval, from when it was sent. */
  approval?: Record<string, unknown>;
  /** The task that the client knows of. */
  taskId?: string;
  /** The task that the client has seen completed. A key may give the result of a task whose own end was not stored any more. */
  completed?: string;
}

type Result = Json & { resultType?: string; requestState?: string; isError?: boolean; taskId?: string };
type State = Json & { status: string; result?: Result; statusMessage?: string };

const CAPABILITIES = { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };

/** A request of the modern era. @returns the result; rejects when the process is killed */
async function send(client: RawClient, params: Record<string, unknown>, method = 'tools/call'): Promise<Result> {
  const meta = { ...envelope(CAPABILITIES), ...(params['_meta'] as object | undefined) };
  const answer = (await client.ask(method, { ...params, _meta: meta } as Json)) as { result?: Result; error?: Json };
  if (answer.result === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

/** Waits for the end of a task. */
async function endOfTask(client: RawClient, taskId: string): Promise<State> {
  const ended = async (): Promise<State | false> => {
    const state = (await send(client, { taskId }, 'tasks/get')) as unknown as State;
    return state.status !== 'working' && state;
  };
  return until(ended, 'the end of a task');
}

/** Makes a call, answers its question, waits for its task, and notes the answer. */
async function operate(client: RawClient, operation: Operation): Promise<void> {
  let result = await send(client, { ...operation.params, ...operation.approval });
  if (result.resultType === 'input_required') {
    const { requestState } = result;
    operation.approval = { requestState, inputResponses: { [APPROVAL]: { action: 'accept', content: {} } } };
    result = await send(client, { ...operation.params, ...operation.approval });
  }
  if (result.taskId !== undefined) {
    operation.taskId = result.taskId;
    const state = await endOfTask(client, result.taskId);
    if (state.status === 'completed') operation.completed = result.taskId;
    result = state.result ?? { isError: true };
  }
  if (result.isError !== true) operation.answer = textOf(result);
}

/** Operations of one round: with keys, with approvals, as tasks, and with keys that are approved or go on as tasks. */
const operations = (round: number): Operation[] =>
  Array.from({ length: CALLS }, (_, index) => {
    const id = `r${round}-${index}`;
    const args = { id, ms: (index * 7) % 40 };
    const plain = (name: string) => ({ name, arguments: args });
    const kinds = [plain('job'), keyed('job', id, args), keyed('approved', id, args), plain('approved')];
    return { id, params: kinds[index % 7] ?? keyed('charge', id, args) };
  });

const hasKey = ({ params }: Operation): boolean => params['_meta'] !== undefined;

let home: EffectsHome;

const effectsOf = (round: number): number => [...home.effects().keys()].filter((id) => id.startsWith(`r${round}-`)).length;

beforeAll(async () => {
  home = await createEffectsHome();
});
afterAll(() => home.remove());

async function serve(...more: string[]): Promise<RawClient> {
  const client = new RawClient(home.args(...more), ENV);
  await client.ask('server/discover', { _meta: envelope({}) });
  return client;
}

it(
  `${ROUNDS} processes are killed: nothing is done twice, nothing that was answered is lost, and every task tells the truth`,
  async () => {
    const all: Operation[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const client = await serve();
      const now = operations(round);
      // Keys of the round before are sent again, too, while nobody knows yet what became of them.
      const open = all.slice(-now.length).filter((one) => one.answer === undefined && hasKey(one));
      all.push(...now);
      const queue = [...now];
      const lane = async (): Promise<void> => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) await operate(client, one);
      };
      const work = [...Array.from({ length: LANES }, lane), ...open.map((one) => operate(client, one))].map((done) =>
        done.catch(() => undefined),
      );
      // The kill comes in the middle of the work: after some effects, at a different point in each round.
      const effects = 1 + ((round * 5) % (CALLS - LANES));
      await until(() => effectsOf(round) >= effects, 'some effects');
      // At another moment of the next call in each round; what must hold does not depend on it.
      await new Promise((resolve) => setTimeout(resolve, (round * 3) % 20));
      client.process.kill('SIGKILL');
      await client.exited;
      await Promise.all(work);
    }

    const client = await serve('--idempotency-wait-ms', '120000');
    const began = performance.now();
    const truths = { repeated: 0, ranNow: 0, unknown: 0, used: 0, tasksCompleted: 0, tasksFailed: 0, tasksUnseen: 0 };
    const answered = all.filter(({ answer }) => answer !== undefined);
    const open = all.filter(({ answer }) => answer === undefined);
    /** A task has the result of its only run, or says that its process has ended. */
    const checkTask = async ({ id, completed }: Operation, taskId: string): Promise<void> => {
      const { status, result, statusMessage } = await endOfTask(client, taskId);
      if (status === 'completed') {
        expect([textOf(result), home.effects().get(id)]).toEqual([`charged ${id}`, 1]);
        truths.tasksCompleted += 1;
      } else {
        expect([status, statusMessage]).toEqual(['failed', expect.stringContaining('has ended before')]);
        expect(completed).not.toBe(taskId);
        truths.tasksFailed += 1;
      }
    };
    const settle = async (one: Operation): Promise<void> => {
      const times = home.effects().get(one.id) ?? 0;
      if (one.taskId !== undefined) await checkTask(one, one.taskId);
      if (one.params['name'] === 'job' && !hasKey(one)) {
        if (one.taskId === undefined) truths.tasksUnseen += 1; // its client cannot ask for it: that is what keys are for
        return;
      }
      if (!hasKey(one)) {
        // An approval is good for one use: it is used up, or the call never ran.
        const result = await send(client, { ...one.params, ...one.approval }).catch((error: Error) => error);
        if (result instanceof Error) {
          expect(result.message).toContain('used already');
          truths.used += 1;
        } else if (result.resultType !== 'input_required') {
          expect(times).toBe(0);
          truths.ranNow += 1;
        }
        return;
      }
      const result = await send(client, { ...one.params, ...one.approval });
      if (result.resultType === 'input_required') expect(times).toBe(0);
      else if (result.taskId !== undefined) {
        expect(repeatOf(result) === undefined ? 0 : times).toBe(times); // it is the task of the first call, or that has never run
        await checkTask(one, result.taskId);
      } else if (result.isError === true) {
        expect(textOf(result)).toContain('may have had its effect');
        truths.unknown += 1;
      } else {
        expect(textOf(result)).toBe(`charged ${one.id}`);
        truths[repeatOf(result) === undefined ? 'ranNow' : 'repeated'] += 1;
      }
    };
    for (const one of answered) {
      expect(home.effects().get(one.id)).toBe(1);
      if (one.taskId !== undefined) await checkTask(one, one.taskId);
      if (!hasKey(one)) continue;
      const result = await send(client, { ...one.params, ...one.approval });
      expect(typeof repeatOf(result)).toBe('string');
      if (result.taskId === undefined) expect(textOf(result)).toBe(`charged ${one.id}`);
      else await checkTask(one, result.taskId);
    }
    for (let at = 0; at < open.length; at += 500) await Promise.all(open.slice(at, at + 500).map(settle));
    expect([...home.effects()].filter(([, times]) => times > 1)).toEqual([]);
    await client.leave();
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(
      `killed ${ROUNDS}, all known ${seconds} s later: ${answered.length} answered, ${open.length} open: ${JSON.stringify(truths)}\n`,
    );
  },
  120_000 + ROUNDS * 5_000,
);
