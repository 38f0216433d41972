/** What the tests of tasks share: clients that know tasks, and stores that two daemons share. */
import { until } from '../../../../tests/until.js';
import type {
  Daemon,
  DaemonOptions,
  FunctionDefinition,
  JsonObject,
  SessionIdentity,
  StateStore,
  Store,
} from '../../src/index.js';
import { createMemoryStore } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, modern, resultOf } from '../support.js';

export const TASKS = 'io.modelcontextprotocol/tasks';

/** What a client says that knows tasks, and can be asked. */
export const KNOWS_TASKS = {
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, extensions: { [TASKS]: {} } },
};

/** A client that knows tasks. */
export const taskClient = (daemon: Daemon, identity?: SessionIdentity): Client =>
  modern(daemon, { meta: KNOWS_TASKS, ...(identity === undefined ? {} : { identity }) });

/** A store that is not closed with its daemon, so that a second one can use it; as if it were a file. */
export function sharedStore(changes: Partial<StateStore> = {}): { store: () => Store; state: StateStore; memory: Store } {
  const memory = createMemoryStore();
  const state: StateStore = { ...(memory.state as StateStore), ...changes };
  return { store: () => ({ ...memory, name: 'shared', state, close: () => {} }), state, memory };
}

/** Two daemons with the same functions on one store. */
export function twoDaemons(
  functions: readonly FunctionDefinition[],
  options: Partial<DaemonOptions> = {},
): { first: Daemon; second: Daemon; state: StateStore } {
  const { store, state } = sharedStore();
  return { first: daemonWith(functions, { store, ...options }), second: daemonWith(functions, { store, ...options }), state };
}

/** Begins a task. @returns the answer to the call */
export async function begin(client: Client, name: string, args: JsonObject = {}): Promise<JsonObject & { taskId: string }> {
  const result = resultOf(await client.call(name, args));
  if (result['resultType'] !== 'task' || typeof result['taskId'] !== 'string')
    throw new Error(`not a task, but ${JSON.stringify(result)}`);
  return result as JsonObject & { taskId: string };
}

/** The state of a task. */
export const get = async (client: Client, taskId: string): Promise<JsonObject> =>
  resultOf(await client.request('tasks/get', { taskId }));

/** Waits until a task has one of these states. */
export async function reach(client: Client, taskId: string, ...states: string[]): Promise<JsonObject> {
  let last: JsonObject = {};
  await until(
    async () => {
      last = await get(client, taskId);
      return states.includes(last['status'] as string);
    },
    `the task is ${states.join(' or ')}`,
  );
  return last;
}
