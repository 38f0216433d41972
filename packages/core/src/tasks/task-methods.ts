/**
 * The methods of the Tasks extension: `tasks/get`, `tasks/update`, `tasks/cancel`, and tasks on `subscriptions/listen`.
 *
 * @see https://github.com/modelcontextprotocol/ext-tasks (specification/2026-07-28/tasks.md)
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { RequestContext } from '../protocol/exchange.js';
import { declaresTasks, TASKS_EXTENSION, TASKS_REQUIRED } from '../protocol/tasks-extension.js';
import type { TaskEntry } from './entry.js';
import { addAnswers, expiryOf, hasEnded, isTaskId, taskAnswer, taskDetails, taskKey } from './entry.js';
import type { TaskOwner } from './owner.js';
import type { FoundTask, TaskReader } from './reader.js';
import type { TaskTools } from './tools.js';
import type { TaskWatchers } from './watch.js';

/** Characters of a task id that an error repeats. */
const MAX_QUOTED = 64;

/** The error of a request whose client has not declared that it knows tasks. */
export const tasksNotDeclared = (fail: TaskTools['fail'], what: string): Error =>
  fail(
    'missing_client_capability',
    `${what} needs a client that supports tasks (${TASKS_EXTENSION}); this request has not declared it.`,
    {
      data: TASKS_REQUIRED,
    },
  );

/** The tasks that a stream of `subscriptions/listen` follows. */
export interface ListenedTasks {
  /** Those that the caller may follow. */
  readonly taskIds: readonly string[];
  /** Begins to send their states. @returns ends it */
  begin(send: (params: JsonObject) => void): () => void;
}

/** The methods. All throw DaemonError `missing_client_capability`, `invalid_params`, and what the store throws. */
export interface TaskMethods {
  get(params: JsonObject, request: RequestContext): Promise<JsonObject>;
  update(params: JsonObject, request: RequestContext): Promise<JsonObject>;
  cancel(params: JsonObject, request: RequestContext): Promise<JsonObject>;
  /** @param taskIds as the client sent them */
  listen(taskIds: unknown, request: RequestContext): Promise<ListenedTasks>;
}

/** Creates the methods. */
export function createTaskMethods(options: {
  reader: TaskReader;
  owner: TaskOwner;
  watchers: TaskWatchers;
  tools: TaskTools;
}): TaskMethods {
  const { reader, owner, watchers, tools } = options;
  const { fail, complete, state, limits } = tools;
  const invalid = (what: string): Error => fail('invalid_params', `Invalid params: ${what}`);

  /** The task of a request. Tasks of others answer like unknown ones, so that ids cannot be probed. */
  async function taskOf(method: string, { taskId }: JsonObject, request: RequestContext): Promise<FoundTask> {
    if (!declaresTasks(request)) throw tasksNotDeclared(fail, method);
    if (typeof taskId !== 'string') throw invalid('"taskId" must be a string.');
    const found = isTaskId(taskId) ? await reader.find(taskId, 'task', request) : undefined;
    if (found === undefined) throw invalid(`unknown task: ${taskId.slice(0, MAX_QUOTED)}`);
    return found;
  }

  /** Changes a task that another process runs, and makes that process look. */
  async function changeStored(
    id: string,
    request: RequestContext,
    found: FoundTask,
    change: (entry: TaskEntry) => boolean,
  ): Promise<void> {
    const { partition } = request.exchange;
    let task: FoundTask | undefined = found;
    while (task?.version !== undefined && !hasEnded(task.entry)) {
      const { entry, version } = task;
      if (!change(entry)) return;
      const written = await (
        await state()
      ).put(partition, taskKey(id), JSON.stringify(entry), { expected: version, expires_at: expiryOf(entry) });
      if (written !== undefined) return owner.wake(entry.owner, id);
      task = await reader.find(id, 'task', request);
    }
  }

  const acknowledged = (): JsonObject => complete({}, 'modern');

  return {
    async get(params, request) {
      const { entry } = await taskOf('tasks/get', params, request);
      return taskAnswer(entry, tools);
    },
    async update(params, request) {
      const { inputResponses } = params;
      if (declaresTasks(request) && !isObject(inputResponses)) throw invalid('"inputResponses" must be an object.');
      const found = await taskOf('tasks/update', params, request);
      const responses = inputResponses as JsonObject;
      for (const key of Object.keys(found.entry.requests ?? {}))
        if (Object.hasOwn(responses, key) && !isObject(responses[key]))
          throw invalid(`inputResponses[${JSON.stringify(key)}] must be an object.`);
      if (found.live !== undefined) {
        found.live.answer(responses);
        await found.live.stored.save();
      } else await changeStored(found.entry.id, request, found, (entry) => addAnswers(entry, responses).length > 0);
      return acknowledged();
    },
    async cancel(params, request) {
      const found = await taskOf('tasks/cancel', params, request);
      if (found.live !== undefined) {
        found.live.cancel();
        await found.live.stored.save();
      } else
        await changeStored(found.entry.id, request, found, (entry) => {
          entry.status = 'cancelled';
          entry.updated = Date.now();
          delete entry.requests;
          delete entry.answers;
          return true;
        });
      return acknowledged();
    },
    async listen(taskIds, request) {
      if (!declaresTasks(request)) throw tasksNotDeclared(fail, 'listening to tasks');
      if (!Array.isArray(taskIds) || taskIds.some((id) => typeof id !== 'string'))
        throw invalid('"notifications.taskIds" must be an array of task ids.');
      const wanted = [...new Set(taskIds as string[])];
      if (wanted.length > limits.maxSubscriptions)
        throw invalid(`a request can listen to at most ${limits.maxSubscriptions} tasks.`);
      const accepted: string[] = [];
      for (const id of wanted) if (isTaskId(id) && (await reader.find(id, 'task', request)) !== undefined) accepted.push(id);
      return { taskIds: accepted, begin: (send) => watchers.watch(accepted, request, (entry) => send(taskDetails(entry))) };
    },
  };
}
