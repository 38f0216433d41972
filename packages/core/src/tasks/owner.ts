/**
 * The processes that run tasks. While a process has open tasks in a store that others use, it says so again and again: a task whose
 * process has stopped saying so has failed. And it looks for what others have left for its tasks.
 */
import type { StateStore } from '../ports/state.js';
import type { TaskTools } from './tools.js';

/** The partition of what processes say: no tenant can have this name. */
const PARTITION = '_';

/** Milliseconds that a process counts as alive after it has said so. */
export const LEASE_MS = 30_000;
/** Milliseconds between two times. */
export const BEAT_MS = 10_000;
/** Milliseconds between two looks at what others have left. */
export const WAKE_EVERY_MS = 500;
/** Milliseconds that an answer about another process is used again. */
const KNOWN_MS = 1_000;
/** Milliseconds that a process is remembered after its end. */
const REMEMBERED_MS = 60 * 60_000;

const aliveKey = (owner: string): string => `process/${owner}`;
const wakeKey = (owner: string): string => `wake/${owner}/`;

/** What a process says of itself. */
interface Alive {
  /** Milliseconds since 1970. */
  until: number;
}

/** This process among those that run tasks. */
export interface TaskOwner {
  /** Its id. */
  readonly id: string;
  /** Says that it is alive, before its first task is seen. @throws DaemonError `store_failed`, `store_busy`, `closed` */
  announce(): Promise<void>;
  /**
   * Whether the process that runs a task is alive.
   *
   * @param task where the record of the task's call is: a record that was interrupted says that its process has ended
   */
  isAlive(owner: string, task: { partition: string; callId: string }): Promise<boolean>;
  /** Makes another process look at one of its tasks. */
  wake(owner: string, taskId: string): Promise<void>;
  /** Stops, and says that it has ended. */
  close(): Promise<void>;
}

/** What {@link createTaskOwner} takes. */
export interface TaskOwnerOptions {
  id: string;
  tools: Pick<TaskTools, 'state' | 'isShared' | 'record' | 'logger'>;
  /** Number of tasks here that have not ended. */
  open: () => number;
  /** Called for each task that another process has changed. */
  woken: (taskId: string) => void;
}

/** Creates the owner of this process's tasks. It does nothing while there are none, or if no other process uses the store. */
export function createTaskOwner({ id, tools, open, woken }: TaskOwnerOptions): TaskOwner {
  const { logger } = tools;
  let until = 0;
  let announcing: Promise<void> | undefined;
  let beating: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let isClosed = false;
  const known = new Map<string, { at: number; alive: boolean }>();

  async function say(): Promise<void> {
    const next = Date.now() + LEASE_MS;
    const state = await tools.state();
    await state.put(PARTITION, aliveKey(id), JSON.stringify({ until: next } satisfies Alive), {
      expires_at: next + REMEMBERED_MS,
    });
    until = next;
  }

  function beat(): void {
    beating = undefined;
    if (open() === 0 || isClosed) return;
    beating = setTimeout(beat, BEAT_MS).unref();
    say().catch((error: unknown) => logger.error({ error: String(error) }, 'tasks: this process cannot say that it is alive'));
  }

  async function look(): Promise<void> {
    const state: StateStore = await tools.state();
    const { items } = await state.list(PARTITION, wakeKey(id), { limit: 100 });
    for (const { key, version } of items) {
      await state.delete(PARTITION, key, version);
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

  async function check(owner: string, { partition, callId }: { partition: string; callId: string }): Promise<boolean> {
    const state = await tools.state();
    const said = await state.get(PARTITION, aliveKey(owner));
    if (said === undefined || (JSON.parse(said.value) as Alive).until <= Date.now()) return false;
    // It may have ended a moment ago, and been restarted.
    return (await tools.record(partition, callId))?.status !== 'interrupted';
  }

  return {
    id,
    async announce() {
      if (!tools.isShared() || isClosed) return;
      if (until - Date.now() < LEASE_MS - 2 * BEAT_MS) {
        announcing ??= say().finally(() => (announcing = undefined));
        await announcing;
      }
      beating ??= setTimeout(beat, BEAT_MS).unref();
      if (looking === undefined) lookSoon();
    },
    async isAlive(owner, task) {
      const before = known.get(owner);
      if (before !== undefined && (!before.alive || Date.now() - before.at < KNOWN_MS)) return before.alive;
      const alive = await check(owner, task);
      if (known.size > 1_000) known.clear();
      known.set(owner, { at: Date.now(), alive });
      return alive;
    },
    async wake(owner, taskId) {
      const state = await tools.state();
      await state.put(PARTITION, `${wakeKey(owner)}${taskId}`, '', { expires_at: Date.now() + REMEMBERED_MS });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(beating);
      clearTimeout(looking);
      await announcing?.catch(() => undefined);
      if (until === 0) return;
      await (await tools.state()).delete(PARTITION, aliveKey(id));
    },
  };
}
