/**
 * The processes that run tasks. While a process has open tasks in a store that others use, it says so again and again: a task whose
 * process has stopped saying so has failed. And it looks for what others have left for its tasks.
 */
import type { StateStore } from '../ports/state.js';
import { PROCESS_PREFIX, PROCESSES } from './lost-task-watch.js';
import type { TaskTools } from './tools.js';

/** Milliseconds that a process counts as alive after it has said so. */
export const LEASE_MS = 30_000;
/** Milliseconds between two times. */
export const BEAT_MS = 10_000;
/** Milliseconds between two looks at what others have left. */
export const WAKE_EVERY_MS = 500;
/** Milliseconds that an answer about another process is used again. */
const KNOWN_MS = 1_000;
/** Milliseconds that what a process has said is kept after its last task has expired. */
const REMEMBERED_MS = 60 * 60_000;

const aliveKey = (owner: string): string => PROCESS_PREFIX + owner;
const wakeKey = (owner: string): string => `wake/${owner}/`;

/** What a process says of itself. */
export interface Alive {
  /** Until when it counts as alive, in milliseconds since 1970. */
  until: number;
  /** The partitions in which it has tasks, so that those are found when it has ended. */
  partitions?: string[];
}

/** This process among those that run tasks. */
export interface TaskOwner {
  /** Its id. */
  readonly id: string;
  /**
   * Says that it is alive, and has tasks in this partition, before a task is seen.
   *
   * @param expires when the task expires, in milliseconds since 1970
   * @throws DaemonError `store_failed`, `store_busy`, `closed`
   */
  announce(partition: string, expires: number): Promise<void>;
  /**
   * Whether the process that runs a task is alive.
   *
   * @param task where the record of the task's call is: a record that was interrupted says that its process has ended
   */
  isAlive(owner: string, task: { partition: string; callId: string }): Promise<boolean>;
  /** Makes another process look at one of its tasks. */
  wake(owner: string, taskId: string): Promise<void>;
  /** Stops. @param clean whether the ends of all its tasks are stored: then nothing is left to be found when it counts as ended */
  close(clean: boolean): Promise<void>;
}

/** What {@link createTaskOwner} takes. */
export interface TaskOwnerOptions {
  id: string;
  tools: Pick<TaskTools, 'state' | 'isShared' | 'record' | 'logger'>;
  /** Tasks here whose end is not stored: how many, and in which partitions. */
  open: () => number;
  partitions: () => Iterable<string>;
  /** Called for each task that another process has changed. */
  woken: (taskId: string) => void;
}

/** Creates the owner of this process's tasks. It does nothing while there are none, or if no other process uses the store. */
export function createTaskOwner({ id, tools, open, partitions, woken }: TaskOwnerOptions): TaskOwner {
  const { logger } = tools;
  let until = 0;
  /** What it has said last, and when that is forgotten. */
  let said = new Set<string>();
  let forgotten = 0;
  /** Partitions of tasks that were announced since the last beat, and before it: they may not be open yet. */
  let [fresh, older] = [new Set<string>(), new Set<string>()];
  let lastExpiry = 0;
  /** What is written now: one at a time, so that an older text never replaces a newer one. */
  let announcing: Promise<void> | undefined;
  let beating: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** What is known of other processes, when it was found out, and what they had said then. */
  const known = new Map<string, { at: number; alive: boolean; until: number }>();

  async function say(): Promise<void> {
    const next = Date.now() + LEASE_MS;
    const now = new Set([...partitions(), ...older, ...fresh]);
    const expires_at = Math.max(next, lastExpiry) + REMEMBERED_MS;
    const state = await tools.state();
    const text = JSON.stringify({ until: next, partitions: [...now] } satisfies Alive);
    await state.put(PROCESSES, aliveKey(id), text, { expires_at });
    [until, said, forgotten] = [next, now, expires_at];
  }

  /** Takes back what it has said: it has no tasks any more. */
  async function leave(): Promise<void> {
    until = 0;
    await (await tools.state()).delete(PROCESSES, aliveKey(id));
  }

  const alone = (work: () => Promise<void>): Promise<void> => (announcing ??= work().finally(() => (announcing = undefined)));

  function beat(): void {
    beating = undefined;
    if (isClosed) return;
    [older, fresh] = [fresh, new Set()];
    const isIdle = open() === 0 && older.size === 0;
    if (!isIdle) beating = setTimeout(beat, BEAT_MS).unref();
    alone(isIdle ? leave : say).catch((error: unknown) =>
      logger.error({ error: String(error) }, 'tasks: this process cannot say that it is alive'),
    );
  }

  async function look(): Promise<void> {
    const state: StateStore = await tools.state();
    const { items } = await state.list(PROCESSES, wakeKey(id), { limit: 100 });
    for (const { key, version } of items) {
      await state.delete(PROCESSES, key, version);
      woken(key.slice(wakeKey(id).length));
    }
  }

  function lookSoon(): void {
    looking = setTimeout(() => {
      looking = undefined;
      if (open() === 0 || isClosed) return;
      look()
        .catch((error: unknown) => logger.warn({ error: String(error) }, 'tasks: what others have left cannot be read'))
        .finally(lookSoon);
    }, WAKE_EVERY_MS).unref();
  }

  async function check(
    owner: string,
    { partition, callId }: { partition: string; callId: string },
  ): Promise<{ alive: boolean; until: number }> {
    const state = await tools.state();
    const row = await state.get(PROCESSES, aliveKey(owner));
    const { until: saidUntil } = row === undefined ? { until: 0 } : (JSON.parse(row.value) as Alive);
    if (saidUntil <= Date.now()) return { alive: false, until: saidUntil };
    const before = known.get(owner);
    // It has said nothing since another of its calls was found interrupted.
    if (before?.alive === false && before.until === saidUntil) return before;
    // It may have ended a moment ago, and been restarted.
    return { alive: (await tools.record(partition, callId))?.status !== 'interrupted', until: saidUntil };
  }

  return {
    id,
    async announce(partition, expires) {
      if (!tools.isShared() || isClosed) return;
      fresh.add(partition);
      lastExpiry = Math.max(lastExpiry, expires);
      const isSaid = (): boolean => until - Date.now() >= LEASE_MS - 2 * BEAT_MS && said.has(partition) && forgotten >= expires;
      // What is being said now may not name this partition yet.
      for (let tries = 0; tries < 2 && !isSaid(); tries += 1) await alone(say);
      beating ??= setTimeout(beat, BEAT_MS).unref();
      if (looking === undefined) lookSoon();
    },
    async isAlive(owner, task) {
      const before = known.get(owner);
      if (before !== undefined && Date.now() - before.at < KNOWN_MS) return before.alive; // it may come back: it was only stopped
      const { alive, until: saidUntil } = await check(owner, task);
      if (known.size > 1_000) known.clear();
      known.set(owner, { at: Date.now(), alive, until: saidUntil });
      return alive;
    },
    async wake(owner, taskId) {
      const state = await tools.state();
      await state.put(PROCESSES, `${wakeKey(owner)}${taskId}`, '', { expires_at: Date.now() + REMEMBERED_MS });
    },
    async close(clean) {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(beating);
      clearTimeout(looking);
      await announcing?.catch(() => undefined);
      if (until === 0 || !clean) return;
      await (await tools.state()).delete(PROCESSES, aliveKey(id));
    },
  };
}
