/**
 * Ends the tasks of processes that have ended, so that none is `working` until it expires because nobody asks for it.
 *
 * What a process says of itself (owner.ts) names the partitions of its tasks. Only those are read, in small pages, and only when a
 * process has ended: while all processes run, a look is one short list.
 */
import type { StateEntry } from '../ports/state.js';
import type { TaskEntry } from './entry.js';
import { expiryOf, hasEnded, readEntry, TASK_PREFIX, taskKey } from './entry.js';
import { PROCESS_PREFIX, PROCESSES } from './lost-task-watch.js';
import type { Alive } from './owner.js';
import { LEASE_MS } from './owner.js';
import type { TaskTools } from './tools.js';

const OWNER_GONE = 'The process that ran this task has ended before the task did.';
/** Tasks of one page, and the pause after it. Values may be large. */
const PAGE = 50;
const PAUSE_MS = 20;
/** The clocks of two machines differ: a process counts as ended so much later than for those who ask for a task. */
const CLOCKS_MS = LEASE_MS;

/** Ends a task whose process has ended. Of several that do so, the first one wins. @param version of its entry in the store */
export async function endLostTask(tools: TaskTools, partition: string, entry: TaskEntry, version: string): Promise<boolean> {
  const error = tools.rpcError(tools.fail('internal_error', OWNER_GONE));
  const { requests: _, answers: __, ...rest } = entry;
  const ended: TaskEntry = { ...rest, status: 'failed', message: OWNER_GONE, error, updated: Date.now() };
  const state = await tools.state();
  const options = { expected: version, expires_at: expiryOf(entry) };
  return (await state.put(partition, taskKey(entry.id), JSON.stringify(ended), options)) !== undefined;
}

/** The tasks of processes that have ended. */
export interface LostTasks {
  /**
   * Ends those that there are.
   *
   * @returns milliseconds until the next process may count as ended; undefined: all have, or none has tasks
   * @throws DaemonError `store_failed`, `store_busy`, `closed`
   */
  end(): Promise<number | undefined>;
  /** Stops after the page that is read now. */
  close(): void;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());

/** Finds lost tasks. @param self the id of this process among those that run tasks */
export function createLostTasks(tools: TaskTools, self: string): LostTasks {
  let isClosed = false;

  async function endTasksOf(owner: string, partition: string): Promise<number> {
    const state = await tools.state();
    let ended = 0;
    let cursor: string | undefined;
    do {
      const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
      const page = await state.list(partition, TASK_PREFIX, query);
      for (const { value, version } of page.items) {
        if (!value.includes(owner)) continue; // most are of others, and large ones need not be parsed
        const entry = readEntry(value);
        if (entry.owner === owner && !hasEnded(entry) && (await endLostTask(tools, partition, entry, version))) ended += 1;
      }
      ({ cursor } = page);
      if (cursor !== undefined) await pause();
    } while (cursor !== undefined && !isClosed);
    return ended;
  }

  /** Ends the tasks of one process, then forgets the process. */
  async function endOf({ key, version }: StateEntry, partitions: readonly string[]): Promise<void> {
    const owner = key.slice(PROCESS_PREFIX.length);
    let ended = 0;
    for (const partition of partitions) if (!isClosed) ended += await endTasksOf(owner, partition);
    if (ended > 0) tools.logger.warn({ tasks: ended }, `${ended} tasks have failed, because the process that ran them has ended`);
    if (isClosed) return;
    const state = await tools.state();
    await state.delete(PROCESSES, key, version);
  }

  return {
    async end() {
      const state = await tools.state();
      let next = Infinity;
      let cursor: string | undefined;
      do {
        const page = await state.list(PROCESSES, PROCESS_PREFIX, cursor === undefined ? {} : { cursor });
        for (const item of page.items) {
          if (item.key === PROCESS_PREFIX + self) continue;
          const { until, partitions = [] } = JSON.parse(item.value) as Alive;
          const left = until + CLOCKS_MS - Date.now();
          if (left > 0) next = Math.min(next, left);
          else await endOf(item, partitions);
        }
        ({ cursor } = page);
      } while (cursor !== undefined && !isClosed);
      return next === Infinity ? undefined : next;
    },
    close() {
      isClosed = true;
    },
  };
}
