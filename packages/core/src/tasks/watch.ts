/** Follows tasks for listen streams: those of this process as they change, others by looking at the store. */
import type { RequestContext } from '../protocol/exchange.js';
import type { TaskEntry } from './entry.js';
import { hasEnded } from './entry.js';
import type { LiveTask } from './live-task.js';
import type { TaskReader } from './reader.js';
import type { TaskTools } from './tools.js';

/** Milliseconds between two looks at tasks of other processes. */
const LOOK_EVERY_MS = 1_000;

/** Differs when a task has changed. */
const stateOf = ({ status, updated }: TaskEntry): string => `${status} ${updated}`;

/** Follows tasks. */
export interface TaskWatchers {
  /**
   * Follows tasks until each has ended. Where they are now is sent first.
   *
   * @returns ends it
   */
  watch(ids: readonly string[], request: RequestContext, send: (entry: TaskEntry) => void): () => void;
}

/** Creates watchers. @param live the tasks of this process, by id */
export function createTaskWatchers(
  live: ReadonlyMap<string, LiveTask>,
  reader: TaskReader,
  { logger }: Pick<TaskTools, 'logger'>,
): TaskWatchers {
  return {
    watch(ids, request, send) {
      const left = new Set(ids);
      const sent = new Map<string, string>();
      const followed = new Map<string, LiveTask>();
      let timer: NodeJS.Timeout | undefined;
      let isOver = false;

      const tell = (entry: TaskEntry): void => {
        if (isOver || !left.has(entry.id)) return;
        sent.set(entry.id, stateOf(entry));
        if (hasEnded(entry)) {
          left.delete(entry.id);
          followed.get(entry.id)?.watchers.delete(tell);
        }
        send(entry);
      };

      async function look(): Promise<void> {
        for (const id of [...left]) {
          const running = live.get(id);
          if (running !== undefined && followed.get(id) === running) continue;
          const found = await reader.find(id, 'task', request);
          if (isOver) return;
          if (found === undefined)
            left.delete(id); // it has expired
          else {
            if (found.live !== undefined) {
              followed.set(id, found.live);
              found.live.watchers.add(tell);
            }
            if (sent.get(id) !== stateOf(found.entry)) tell(found.entry);
          }
        }
      }

      const lookAgain = (): void => {
        if (isOver || left.size === 0) return;
        timer = setTimeout(next, LOOK_EVERY_MS).unref();
      };
      const next = (): void => {
        look()
          .catch((error: unknown) => logger.warn({ error: String(error) }, 'tasks cannot be read for a listen stream'))
          .finally(lookAgain);
      };
      next();
      return () => {
        isOver = true;
        clearTimeout(timer);
        for (const task of followed.values()) task.watchers.delete(tell);
      };
    },
  };
}
