/** Tasks of a daemon, loaded at the first call that may become one. */
import type { Awaitable } from './base/awaitable.js';
import type { LongCalls } from './call/long-calls.js';
import type { InputAsker } from './input/asker.js';
import type { CallRecord, Store } from './ports/calls.js';
import type { Logger } from './ports/logger.js';
import type { StateStore } from './ports/state.js';
import type { TaskStats } from './ports/task-stats.js';
import { textOf, withText } from './protocol/encode.js';
import { abortReason } from './protocol/ended-by.js';
import { DaemonError, toRpcError } from './protocol/errors.js';
import type { Limits } from './protocol/limits.js';
import type { ServerInfo } from './protocol/server-info.js';
import { createLostTaskWatch } from './tasks/lost-task-watch.js';
import type { Tasks } from './tasks/tasks.js';

/** What {@link createLazyTasks} takes. */
export interface LazyTasksOptions {
  state: () => Promise<StateStore>;
  /** The store, if it is open. */
  opened: () => Store | undefined;
  /** The record of a call; undefined: it has none. */
  record: (partition: string, callId: string) => Promise<CallRecord | undefined>;
  info: ServerInfo;
  asker: InputAsker;
  limits: Limits;
  logger: Logger;
}

/** Tasks that may not be loaded yet. */
export interface LazyTasks extends LongCalls {
  load(): Awaitable<Tasks>;
  /** The store is open: looks for tasks of processes that have ended, from now on. */
  storeOpened(): void;
  /** See {@link Tasks}. Without tasks it does nothing. */
  cancelAll(): void;
  /** Undefined: no call has needed tasks yet. */
  stats(): TaskStats | undefined;
  close(drainMs: number): Promise<void>;
}

/** Creates tasks that are loaded when they are needed. */
export function createLazyTasks(options: LazyTasksOptions): LazyTasks {
  const { state, opened, record, info, asker, limits, logger } = options;
  let tasks: Tasks | undefined;
  let loading: Promise<Tasks> | undefined;
  let ready: StateStore | undefined;

  const isShared = (): boolean => opened()?.name !== 'memory' && opened()?.state !== undefined;

  async function create(): Promise<Tasks> {
    const { createTasks } = await import('./tasks/tasks.js');
    return (tasks = createTasks({
      state: () => ready ?? state().then((found) => (ready = found)),
      isShared,
      record,
      fail: (code, message, more) => new DaemonError(code, message, more),
      rpcError: (error) => toRpcError(error, 'modern'),
      encode: (result) => textOf(result) ?? JSON.stringify(result),
      withText,
      complete: (result, era) => info.complete(result, era),
      ...{ abortReason, asker, limits, logger },
    }));
  }

  const load = (): Awaitable<Tasks> => tasks ?? (loading ??= create());
  const lost = createLostTaskWatch({ opened, isShared, tasks: load, logger });

  return {
    load,
    call(call, start) {
      if (tasks !== undefined) return tasks.call(call, start);
      return (async () => (await load()).call(call, start))();
    },
    async read(uri, request) {
      return (await load()).read(uri, request);
    },
    storeOpened: lost.begin,
    cancelAll: () => tasks?.cancelAll(),
    stats: () => tasks?.stats(),
    async close(drainMs) {
      const looked = lost.close();
      await (await loading)?.close(drainMs);
      await looked;
    },
  };
}
