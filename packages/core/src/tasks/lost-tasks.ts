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

/** What most of the tasks that have ended do not have: they are not parsed, because they may be large. */
const OPEN = /"status":"(working|input_required)"/;

/** Finds lost tasks. @param self the id of this process among those that run tasks */
export function createLostTasks(tools: TaskTools, self: string): LostTasks {
  let isClosed = false;
  let goOn: (() => void) | undefined;

  /** The timer keeps no process alive, so the end of this one does not wait for it. */
  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS).unref();
      goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the tasks of these processes in one partition. @returns how many */
  async function endIn(partition: string, owners: ReadonlySet<string>): Promise<number> {
    const state = await tools.state();
    let ended = 0;
    let cursor: string | undefined;
    do {
      const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
      const page = await state.list(partition, TASK_PREFIX, query);
      for (const { value, version } of page.items) {
        if (!OPEN.test(value)) continue;
        const entry = readEntry(value);
        if (owners.has(entry.owner) && !hasEnded(entry) && (await endLostTask(tools, partition, entry, version))) ended += 1;
      }
      ({ cursor } = page);
      if (cursor !== undefined && !isClosed) await pause();
    } while (cursor !== undefined && !isClosed);
    return ended;
  }

  /** Ends the tasks of processes that have ended, then forgets the processes. Each partition is read once. */
  async function endOf(processes: readonly StateEntry[]): Promise<void> {
    const owners = new Map<string, Set<string>>();
    for (const { key, value } of processes) {
      for (const partition of (JSON.parse(value) as Alive).partitions ?? []) {
        const there = owners.get(partition) ?? new Set();
        owners.set(partition, there.add(key.slice(PROCESS_PREFIX.length)));
      }
    }
    let ended = 0;
    for (const [partition, there] of owners) if (!isClosed) ended += await endIn(partition, there);
    if (ended > 0) tools.logger.warn({ tasks: ended }, `${ended} tasks have failed, because the process that ran them has ended`);
    const state = await tools.state();
    for (const { key, version } of processes) if (!isClosed) await state.delete(PROCESSES, key, version);
  }

  return {
    async end() {
      const state = await tools.state();
      const gone: StateEntry[] = [];
      let next = Infinity;
      let cursor: string | undefined;
      do {
        const page = await state.list(PROCESSES, PROCESS_PREFIX, cursor === undefined ? {} : { cursor });
        for (const item of page.items) {
          if (item.key === PROCESS_PREFIX + self) continue;
          const left = (JSON.parse(item.value) as Alive).until + CLOCKS_MS - Date.now();
          if (left > 0) next = Math.min(next, left);
          else gone.push(item);
        }
        ({ cursor } = page);
      } while (cursor !== undefined && !isClosed);
      if (gone.length > 0) await endOf(gone);
      return next === Infinity ? undefined : next;
    },
    close() {
      isClosed = true;
      goOn?.();
    },
  };
}
