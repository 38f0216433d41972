/**
 * How many tasks each user of this process and all of them have, and how much their results take.
 *
 * Each process counts its own tasks. In the store a task is found by its id alone, so counting one user's tasks there would read all
 * tasks of the partition, with their results; and a count that others change meanwhile would have to be read again and again.
 */

/** The bounds of one user in one partition, and of all users; see `limits`. */
export interface TaskBounds {
  maxOpenTasks: number;
  maxTasks: number;
  maxTaskBytes: number;
  maxOpenTasksOfAll: number;
  maxTaskBytesOfAll: number;
}

interface Kept {
  readonly expires: number;
  readonly bytes: number;
}

/** The tasks of one user in one partition. */
class Usage {
  open = 0;
  bytes = 0;
  /** Tasks that have ended, about in the order in which they expire. */
  kept: Kept[] = [];
  /** No kept task expires before this time. */
  firstExpiry = Infinity;

  keep(kept: Kept): void {
    this.kept.push(kept);
    this.bytes += kept.bytes;
    if (kept.expires < this.firstExpiry) this.firstExpiry = kept.expires;
  }

  /** Forgets what has expired. @param all also where it is not in order. @returns the size of what was forgotten */
  expire(now: number, all = false): number {
    if (now < this.firstExpiry) return 0;
    let count = 0;
    while (count < this.kept.length && (this.kept[count] as Kept).expires <= now) count += 1;
    if (count === 0 && !all) return 0;
    const gone = this.kept.splice(0, count);
    if (all) {
      gone.push(...this.kept.filter(({ expires }) => expires <= now));
      this.kept = this.kept.filter(({ expires }) => expires > now);
      this.firstExpiry = this.kept.reduce((first, { expires }) => Math.min(first, expires), Infinity);
    }
    const freed = gone.reduce((sum, { bytes }) => sum + bytes, 0);
    this.bytes -= freed;
    return freed;
  }
}

/** Counts tasks. */
export interface TaskCounts {
  /** Why a user may not begin one more; undefined: they may. */
  refusal(partition: string, subject: string): string | undefined;
  /** Counts a task that begins: before there is any wait, so that calls that come together have room for so many only. @returns why not */
  begin(partition: string, subject: string): string | undefined;
  /** A task has ended. @param kept when it expires, and how much is kept until then; absent: nothing is kept */
  end(partition: string, subject: string, kept?: Kept): void;
  /** How many tasks have not ended. */
  readonly open: number;
}

/** Users are forgotten when nothing of them is kept. This is looked at once for so many tasks. */
const SWEEP_EVERY = 1_000;
/** While all users together have too much, what has expired is looked for at most so often: each time takes as long as there are users. */
const SWEEP_MS = 1_000;

/** Creates a count of nothing. */
export function createTaskCounts(bounds: TaskBounds, now: () => number = Date.now): TaskCounts {
  const { maxOpenTasks, maxTasks, maxTaskBytes, maxOpenTasksOfAll, maxTaskBytesOfAll } = bounds;
  const users = new Map<string, Usage>();
  let open = 0;
  let bytes = 0;
  let sweptAt = -Infinity;
  let begun = 0;
  /** The one that was used last. */
  let last: { partition: string; subject: string; usage: Usage } | undefined;

  function of(partition: string, subject: string): Usage {
    if (last?.subject === subject && last.partition === partition) return last.usage;
    const key = `${partition} ${subject}`; // a partition has no spaces
    let usage = users.get(key);
    if (usage === undefined) users.set(key, (usage = new Usage()));
    last = { partition, subject, usage };
    return usage;
  }

  function sweep(): void {
    sweptAt = now();
    last = undefined;
    for (const [key, usage] of users) {
      bytes -= usage.expire(now(), true);
      if (usage.open === 0 && usage.kept.length === 0) users.delete(key);
    }
  }

  function sweepSometimes(): void {
    if ((begun += 1) % SWEEP_EVERY === 0) sweep();
  }

  /** Why no user may begin one more; undefined: each may. */
  function refusalOfAll(): string | undefined {
    if (open >= maxOpenTasksOfAll)
      return `More than ${maxOpenTasksOfAll} tasks of all users are running; wait until some have ended.`;
    if (bytes >= maxTaskBytesOfAll && now() - sweptAt >= SWEEP_MS) sweep();
    return bytes >= maxTaskBytesOfAll
      ? 'The results of the tasks of all users take too much; wait until some have expired.'
      : undefined;
  }

  function refusal(partition: string, subject: string): string | undefined {
    const usage = of(partition, subject);
    const isFull = (): boolean => usage.open + usage.kept.length >= maxTasks || usage.bytes >= maxTaskBytes;
    if (usage.open >= maxOpenTasks) return `More than ${maxOpenTasks} tasks of one user are running; wait until some have ended.`;
    bytes -= usage.expire(now());
    if (isFull()) bytes -= usage.expire(now(), true);
    return isFull() ? 'Too many tasks of one user are kept; wait until some have expired.' : refusalOfAll();
  }

  return {
    refusal,
    begin(partition, subject) {
      const why = refusal(partition, subject);
      if (why !== undefined) return why;
      of(partition, subject).open += 1;
      open += 1;
      sweepSometimes();
      return undefined;
    },
    end(partition, subject, kept) {
      const usage = of(partition, subject);
      usage.open -= 1;
      open -= 1;
      if (kept === undefined) return;
      usage.keep(kept);
      bytes += kept.bytes;
    },
    get open() {
      return open;
    },
  };
}
