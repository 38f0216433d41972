/** Finds tasks for their owners, wherever they run, and ends those whose process has ended. */
import type { RequestContext } from '../protocol/exchange.js';
import type { TaskEntry } from './entry.js';
import { hasEnded, readEntry, taskKey } from './entry.js';
import type { LiveTask } from './live-task.js';
import { endLostTask } from './lost-tasks.js';
import type { TaskOwner } from './owner.js';
import type { RecentTasks } from './recent.js';
import type { TaskTools } from './tools.js';

/** A task that was found. */
export interface FoundTask {
  /** A copy: it does not change with the task. */
  readonly entry: TaskEntry;
  /** Where it runs in this process. */
  readonly live?: LiveTask;
  /** The version of its entry in the store. */
  readonly version?: string;
}

/** Finds tasks. */
export interface TaskReader {
  /**
   * The task with an id; undefined: there is none, or it is of another user.
   *
   * @param kind only tasks of this kind
   */
  find(id: string, kind: TaskEntry['kind'], request: Pick<RequestContext, 'exchange'>): Promise<FoundTask | undefined>;
}

/** Creates a reader. @param live the tasks of this process, by id @param recent those that have ended */
export function createTaskReader(
  live: ReadonlyMap<string, LiveTask>,
  recent: Pick<RecentTasks, 'get'>,
  owner: Pick<TaskOwner, 'id' | 'isAlive'>,
  tools: TaskTools,
): TaskReader {
  return {
    async find(id, kind, { exchange: { partition, subject } }) {
      const isMine = (entry: TaskEntry): boolean => entry.subject === subject && entry.kind === kind;
      for (;;) {
        const running = live.get(id);
        if (running !== undefined && running.partition === partition)
          return isMine(running.entry) ? { entry: await running.shown(), live: running } : undefined;
        const known = recent.get(partition, id);
        if (known !== undefined) return isMine(known) ? { entry: known } : undefined;
        const stored = await (await tools.state()).get(partition, taskKey(id));
        if (stored === undefined) return undefined;
        const entry = readEntry(stored.value);
        if (!isMine(entry)) return undefined;
        if (hasEnded(entry)) return { entry, version: stored.version };
        const isLost =
          entry.owner === owner.id ? !live.has(id) : !(await owner.isAlive(entry.owner, { partition, callId: entry.callId }));
        if (!isLost) {
          if (live.has(id)) continue;
          return { entry, version: stored.version };
        }
        await endLostTask(tools, partition, entry, stored.version);
      }
    },
  };
}
