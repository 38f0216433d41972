/** The methods of tasks in the method table. What serves them is loaded at the first one. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { AlsoListened } from '../events/subscriptions.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { JsonRpcNotification } from '../protocol/messages.js';
import type { TaskMethods } from '../tasks/task-methods.js';

/** Loads what serves tasks. */
export type LazyTasks = () => Awaitable<{ readonly methods: TaskMethods }>;

/** Serves a method. */
type Handle = (params: JsonObject, request: RequestContext) => Promise<JsonObject>;

/** What {@link createTaskEntries} gives. */
export interface TaskEntries {
  readonly methods: Readonly<Record<'tasks/get' | 'tasks/update' | 'tasks/cancel', Handle>>;
  /** Listens, to tasks too if the request asks for that. @throws DaemonError `missing_client_capability`, `invalid_params` */
  listen(
    params: JsonObject,
    request: RequestContext,
    listen: (also?: AlsoListened) => Awaitable<JsonObject | undefined>,
  ): Awaitable<JsonObject | undefined>;
}

/** Creates the entries of the method table. */
export function createTaskEntries(tasks: LazyTasks): TaskEntries {
  const method =
    (name: 'get' | 'update' | 'cancel'): Handle =>
    async (params, request) =>
      (await tasks()).methods[name](params, request);

  return {
    methods: { 'tasks/get': method('get'), 'tasks/update': method('update'), 'tasks/cancel': method('cancel') },
    listen(params, request, listen) {
      const wanted = isObject(params['notifications']) ? params['notifications']['taskIds'] : undefined;
      if (wanted === undefined || wanted === null) return listen();
      return (async () => {
        const { taskIds, begin } = await (await tasks()).methods.listen(wanted, request);
        const notification = (state: JsonObject, meta: JsonObject): JsonRpcNotification => ({
          ...{ jsonrpc: '2.0', method: 'notifications/tasks' },
          params: { ...state, _meta: meta },
        });
        return listen({
          acknowledged: { taskIds },
          begin: (meta) => begin((state) => request.exchange.notify(notification(state, meta))),
        });
      })();
    },
  };
}
