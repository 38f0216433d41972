/** Tasks that have ended here a short while ago: most clients ask for the result at once, and then the store need not be read. */
import type { TaskEntry } from './entry.js';
import { expiryOf } from './entry.js';

/** Tasks that are remembered, and as many again that are older; and the size above which they are not: together at most 2 MB. */
const MAX_TASKS = 128;
const MAX_CHARS = 8_192;

interface Remembered {
  readonly partition: string;
  readonly entry: TaskEntry;
}

/** Remembers tasks. */
export interface RecentTasks {
  /**
   * Remembers a task that has ended, and whose end is stored: it does not change any more.
   *
   * @param chars length of its stored text
   */
  add(partition: string, entry: TaskEntry, chars: number): void;
  /** The task with an id; undefined: it is not remembered, or has expired. */
  get(partition: string, id: string): TaskEntry | undefined;
}

/** Creates a memory of nothing. */
export function createRecentTasks(now: () => number = Date.now): RecentTasks {
  // All of the older ones are forgotten at once: a Map that loses its first entry at every write gets slow.
  let [tasks, older] = [new Map<string, Remembered>(), new Map<string, Remembered>()];
  return {
    add(partition, entry, chars) {
      if (chars > MAX_CHARS) return;
      if (tasks.size >= MAX_TASKS) [tasks, older] = [new Map(), tasks];
      tasks.set(entry.id, { partition, entry });
    },
    get(partition, id) {
      const known = tasks.get(id) ?? older.get(id);
      return known?.partition === partition && expiryOf(known.entry) > now() ? known.entry : undefined;
    },
  };
}
