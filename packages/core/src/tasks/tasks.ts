/**
 * Calls that may outlive their requests: tasks, for clients that know the Tasks extension, and calls of functions with `is_async`.
 *
 *     the call starts  ->  ends soon enough?  ->  its result, like any other call
 *                      ->  else the task is stored, and named in the answer; the call goes on
 *     the call ends    ->  its record, then the end of the task is stored, and stays until it expires
 *
 * A task is stored before its client learns of it. One that ends in the turn of the event loop in which it begins is stored once.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LongCalls } from '../call/long-calls.js';
import { CALL_URI } from '../call/long-calls.js';
import type { FoundCall } from '../call/running-call.js';
import type { ToolDefinition } from '../ports/definition.js';
import type { TaskStats } from '../ports/task-stats.js';
import { CALL_ARGUMENT } from '../protocol/call-argument.js';
import type { Exchange, RequestContext } from '../protocol/exchange.js';
import { declaresTasks } from '../protocol/tasks-extension.js';
import { asNewCall, asResource, asToolResult, calledBefore, failedResult, laterResult } from './async-calls.js';
import { createTaskCounts } from './bounds.js';
import { createTaskEnds } from './ends.js';
import type { TaskEntry } from './entry.js';
import { expiryOf, hasEnded, newTaskId, taskMembers } from './entry.js';
import type { TaskEnd } from './live-task.js';
import { LiveTask } from './live-task.js';
import { createLostTasks } from './lost-tasks.js';
import { createTaskOwner } from './owner.js';
import { createTaskReader } from './reader.js';
import { createRecentTasks } from './recent.js';
import type { TaskMethods } from './task-methods.js';
import { createTaskMethods, tasksNotDeclared } from './task-methods.js';
import type { TaskTools } from './tools.js';
import { createTaskWatchers } from './watch.js';

/** The tasks of a daemon. */
export interface Tasks extends LongCalls {
  readonly methods: TaskMethods;
  /** Ends the tasks of processes that have ended; see {@link LostTasks.end}. */
  endLost(): Promise<number | undefined>;
  /** Number of tasks here that have not ended. */
  readonly open: number;
  /** How many tasks there are, and how many have ended. */
  stats(): TaskStats;
  /** Cancels all running tasks at once, because the server ends. */
  cancelAll(): void;
  /** Waits for running tasks for at most `drainMs`; then they fail. Resolves when all is stored, or cannot be. */
  close(drainMs: number): Promise<void>;
}

type Start = (call: FoundCall) => Awaitable<JsonObject | undefined>;

/** Milliseconds that a daemon that ends waits for the ends of its tasks to be stored. */
const CLOSE_MS = 5_000;

/** Retry after milliseconds, in the error of a user with too many tasks. */
const RETRY_AFTER_MS = 1_000;

const CLOSED = 'The server was shut down before the task ended.';
const EXPIRED = 'The task expired before it ended.';

let nextTurn: Promise<void> | undefined;

/** Resolves in the next turn of the event loop: the same promise for all calls of this turn. */
const turn = (): Promise<void> =>
  (nextTurn ??= new Promise((resolve) => {
    setImmediate(() => {
      nextTurn = undefined;
      resolve();
    });
  }));

/** Whether a request was cancelled. */
const isCancelled = (exchange: Exchange): boolean => exchange.cancelled ?? exchange.signal.aborted;

/** Between two looks whether the end of a task is stored. It keeps no process alive. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200).unref());

/** Resolves with whether a promise settles within a time. The promise must not reject. */
function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Creates the tasks of a daemon. */
export function createTasks(tools: TaskTools): Tasks {
  const { fail, rpcError, complete, limits } = tools;
  /** Those whose end is not stored yet, too. */
  const live = new Map<string, LiveTask>();
  const counts = createTaskCounts(limits);
  const ended = createTaskEnds();
  const recent = createRecentTasks();
  const ownerId = newTaskId(Date.now());
  const owner = createTaskOwner({
    ...{ id: ownerId, tools, open: () => live.size },
    partitions: () => new Set([...live.values()].map(({ partition }) => partition)),
    woken: (id) =>
      void live
        .get(id)
        ?.stored.refresh()
        .catch(() => undefined), // it is looked at again when it is written
  });
  const reader = createTaskReader(live, recent, owner, tools);
  const watchers = createTaskWatchers(live, reader, tools);
  const lost = createLostTasks(tools, ownerId);
  const ends = new Set<Promise<void>>();

  function newTask(kind: TaskEntry['kind'], { definition, request }: FoundCall): LiveTask {
    const { task_ttl_ms: ttl = limits.taskTtlMs, task_poll_ms: poll = limits.taskPollMs } = definition as ToolDefinition;
    const now = Date.now();
    const id = kind === 'task' ? newTaskId(now) : '';
    const { name } = definition;
    const { exchange } = request;
    return new LiveTask(
      {
        kind,
        id,
        callId: '',
        name,
        subject: exchange.subject,
        owner: ownerId,
        status: 'working',
        created: now,
        updated: now,
        ttl,
        poll,
      },
      exchange,
      tools,
    );
  }

  /** Makes the call of a task, and ends the task when it has ended. */
  function run(task: LiveTask, call: FoundCall, start: Start): Awaitable<JsonObject | undefined> {
    const request: RequestContext = { ...call.request, exchange: task.exchange };
    const result = start({ ...call, request, conversation: task });
    if (!(result instanceof Promise)) {
      task.end(endOf(task, result));
      return result;
    }
    task.ended = result.then(
      (value) => task.end(endOf(task, value)),
      (error: unknown) => task.end({ status: 'failed', error: rpcError(error) }),
    );
    return result;
  }

  /** How a task ends whose call has ended. No result: the call was cancelled. */
  function endOf(task: LiveTask, result: JsonObject | undefined): TaskEnd {
    if (task.entry.kind === 'task' && task.crash !== undefined)
      return { status: 'failed', error: rpcError(fail('internal_error', task.crash)) };
    if (result !== undefined) return { status: 'completed', result };
    const reason = task.exchange.signal.reason as { code?: unknown } | undefined;
    if (reason?.code === 'closed') return { status: 'failed', error: rpcError(fail('internal_error', CLOSED)) };
    if (reason?.code === 'limit_exceeded') return { status: 'failed', error: rpcError(fail('internal_error', EXPIRED)) };
    return { status: 'cancelled' };
  }

  /** {@link store} for a task that is counted: where it cannot be stored, it is counted no more. */
  async function keep(task: LiveTask): Promise<TaskEntry> {
    try {
      return await store(task);
    } catch (error) {
      counts.end(task.partition, task.entry.subject);
      throw error;
    }
  }

  /**
   * Stores a task. It stays in this process until its end is stored.
   *
   * @returns the task as it is stored: by now it may have ended, and its client must not see that before it is stored, too
   * @throws what the store throws
   */
  async function store(task: LiveTask): Promise<TaskEntry> {
    const { entry, partition, stored } = task;
    const isOver = hasEnded(entry);
    if (!isOver) await owner.announce(partition, expiryOf(entry));
    const first = { ...entry };
    const creating = stored.create();
    if (creating instanceof Promise) await creating;
    if (isOver) {
      counts.end(partition, entry.subject, { expires: expiryOf(entry), bytes: stored.size });
      recent.add(partition, first, stored.size);
      ended.add(task);
      return first;
    }
    live.set(entry.id, task);
    task.expireAt(expiryOf(entry));
    const over = async (): Promise<void> => {
      await task.ended;
      await stored.save();
      counts.end(partition, entry.subject, { expires: expiryOf(entry), bytes: stored.size });
      ended.add(task);
      while (!stored.isSaved && Date.now() < expiryOf(entry)) await pause();
      task.forget();
      live.delete(entry.id);
    };
    const done = over().finally(() => ends.delete(done));
    ends.add(done);
    return first;
  }

  /** The answer of a call that has become a task; undefined: its client has left before it knew. */
  function created(task: LiveTask, stored: TaskEntry, origin: Exchange): JsonObject | undefined {
    task.exchange.detach();
    if (isCancelled(origin)) {
      task.cancel();
      return undefined;
    }
    const result = complete(taskMembers(stored), 'modern');
    result['resultType'] = 'task';
    return result;
  }

  async function callAsTask(call: FoundCall, start: Start): Promise<JsonObject | undefined> {
    const { task: support, task_after_ms } = call.definition as ToolDefinition;
    const { exchange } = call.request;
    const { partition, subject } = exchange;
    const afterMs = task_after_ms ?? (support === undefined ? limits.asyncWaitMs : 0);
    // A call that need not be a task is counted when it becomes one.
    const countsNow = support === 'required' || afterMs === 0;
    const refusal = countsNow ? counts.begin(partition, subject) : counts.refusal(partition, subject);
    if (refusal !== undefined) {
      if (support !== 'required') return start(call);
      throw fail('overloaded', refusal, { data: { retryAfterMs: RETRY_AFTER_MS } });
    }
    const task = newTask('task', call);
    if (afterMs === 0) task.become();
    let result: Awaitable<JsonObject | undefined>;
    try {
      result = run(task, call, start);
    } catch (error) {
      if (countsNow) counts.end(partition, subject);
      throw error;
    }
    if (afterMs === 0) await turn();
    else if (!(result instanceof Promise) || (await within(task.ended, afterMs))) {
      if (countsNow) counts.end(partition, subject);
      return result;
    }
    if (!countsNow && counts.begin(partition, subject) !== undefined) return result;
    task.become();
    let stored: TaskEntry;
    try {
      stored = await keep(task);
    } catch (error) {
      if (support === 'required' || task.entry.status === 'input_required') {
        task.abort('server');
        throw error;
      }
      notStored(task, error);
      return result;
    }
    return created(task, stored, exchange);
  }

  /** The call is answered like a call without tasks. */
  function notStored(task: LiveTask, error: unknown): void {
    const { name } = task.entry;
    tools.logger.warn({ name, error: String(error) }, 'a task cannot be stored, so its client waits for the result of the call');
    task.unbecome();
  }

  async function callAsync(call: FoundCall, start: Start): Promise<JsonObject | undefined> {
    const { era } = call.request.caller;
    const task = newTask('call', call);
    const result = run(task, call, start);
    const { exchange } = call.request;
    const { partition, subject } = exchange;
    if (!(result instanceof Promise) || (await within(task.ended, limits.asyncWaitMs))) return result;
    if (counts.begin(partition, subject) !== undefined) return result;
    task.become();
    let stored: TaskEntry;
    try {
      stored = await keep(task);
    } catch (error) {
      notStored(task, error);
      return result;
    }
    if (created(task, stored, exchange) === undefined) return undefined;
    return complete(laterResult(stored), era);
  }

  /** A call that was made before, for its caller. Waits a while for its end, if it runs here. */
  async function callAgain(id: string, call: FoundCall): Promise<JsonObject> {
    let found = await reader.find(id, 'call', call.request);
    if (found?.live !== undefined && (await within(found.live.ended, limits.asyncWaitMs)))
      found = await reader.find(id, 'call', call.request);
    const { era } = call.request.caller;
    if (found === undefined || found.entry.name !== call.definition.name)
      return complete(
        failedResult(`There is no call of "${call.definition.name}" with this ${CALL_ARGUMENT}, or it has expired.`),
        era,
      );
    const { entry } = found;
    const result = asToolResult(entry);
    return entry.status === 'completed' ? result : complete(result, era);
  }

  return {
    call(call, start) {
      const { task: support, is_async: isAsync, name } = call.definition as ToolDefinition;
      const again = isAsync === true ? calledBefore(call) : undefined;
      if (again !== undefined) return callAgain(again, call);
      const first = isAsync === true ? asNewCall(call) : call;
      if (support !== 'never' && declaresTasks(call.request)) return callAsTask(first, start);
      if (isAsync === true) return callAsync(first, start);
      if (support === 'required') throw tasksNotDeclared(fail, `"${name}"`);
      return start(call);
    },
    async read(uri, request) {
      const found = await reader.find(uri.slice(CALL_URI.length), 'call', request);
      if (found === undefined)
        throw fail('resource_not_found', `Resource not found: ${uri.slice(0, 100)}`, { data: { uri: uri.slice(0, 100) } });
      return complete(
        { ...asResource(found.entry), ...(request.caller.era === 'modern' ? { ttlMs: 0, cacheScope: 'private' } : {}) },
        request.caller.era,
      );
    },
    endLost: () => lost.end(),
    methods: createTaskMethods({ reader, owner, watchers, tools }),
    get open() {
      return counts.open;
    },
    stats: () => ({ open: counts.open, ended: ended.counts }),
    cancelAll() {
      for (const task of live.values()) task.abort('server');
    },
    async close(drainMs) {
      lost.close();
      await within(Promise.all(ends), drainMs);
      for (const task of live.values()) task.abort('server');
      await within(Promise.all(ends), CLOSE_MS);
      for (const task of live.values()) task.stored.stop();
      await owner.close(live.size === 0).catch(() => undefined); // the store is gone: others see it when the lease ends
    },
  };
}
