/**
 * How many tasks the users of this process have, and how much their results take.
 *
 * Each process counts its own tasks. In the store a task is found by its id alone, so counting one user's tasks there would read all
 * tasks of the partition, with their results; and a count that others change meanwhile would have to be read again and again.
 */

/** The bounds of one user in one partition; see `limits`. */
export interface TaskBounds {
  maxOpenTasks: number;
  maxTasks: number;
  maxTaskBytes: number;
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

  /** Forgets what has expired. @param all also where it is not in order */
  expire(now: number, all = false): void {
    if (now < this.firstExpiry) return;
    let count = 0;
    while (count < this.kept.length && (this.kept[count] as Kept).expires <= now) count += 1;
    if (count === 0 && !all) return;
    const gone = this.kept.splice(0, count);
    if (all) {
      gone.push(...this.kept.filter(({ expires }) => expires <= now));
      this.kept = this.kept.filter(({ expires }) => expires > now);
      this.firstExpiry = this.kept.reduce((first, { expires }) => Math.min(first, expires), Infinity);
    }
    for (const { bytes } of gone) this.bytes -= bytes;
  }
}

/** Counts tasks. */
export interface TaskCounts {
  /** Whether a user may begin one more; else why not. */
  refusal(partition: string, subject: string): string | undefined;
  /** A task begins. */
  begin(partition: string, subject: string): void;
  /** A task has ended. @param kept when it expires, and how much is kept until then; absent: nothing is kept */
  end(partition: string, subject: string, kept?: Kept): void;
  /** A task has ended when it is counted first. */
  keep(partition: string, subject: string, kept: Kept): void;
  /** How many tasks have not ended. */
  readonly open: number;
}

/** Users are forgotten when nothing of them is kept. This is looked at once for so many tasks. */
const SWEEP_EVERY = 1_000;

/** Creates a count of nothing. */
export function createTaskCounts({ maxOpenTasks, maxTasks, maxTaskBytes }: TaskBounds, now: () => number = Date.now): TaskCounts {
  const users = new Map<string, Usage>();
  let open = 0;
  let begun = 0;

  function of(partition: string, subject: string): Usage {
    const key = `${partition} ${subject}`; // a partition has no spaces
    let usage = users.get(key);
    if (usage === undefined) users.set(key, (usage = new Usage()));
    return usage;
  }

  function sweep(): void {
    for (const [key, usage] of users) {
      usage.expire(now(), true);
      if (usage.open === 0 && usage.kept.length === 0) users.delete(key);
    }
  }

  function sweepSometimes(): void {
    if ((begun += 1) % SWEEP_EVERY === 0) sweep();
  }

  return {
    refusal(partition, subject) {
      const usage = of(partition, subject);
      const isFull = (): boolean => usage.open + usage.kept.length >= maxTasks || usage.bytes >= maxTaskBytes;
      if (usage.open >= maxOpenTasks)
        return `More than ${maxOpenTasks} tasks of one user are running; wait until some have ended.`;
      usage.expire(now());
      if (isFull()) usage.expire(now(), true);
      return isFull() ? 'Too many tasks of one user are kept; wait until some have expired.' : undefined;
    },
    begin(partition, subject) {
      of(partition, subject).open += 1;
      open += 1;
      sweepSometimes();
    },
    end(partition, subject, kept) {
      const usage = of(partition, subject);
      usage.open -= 1;
      open -= 1;
      if (kept !== undefined) usage.keep(kept);
    },
    keep(partition, subject, kept) {
      of(partition, subject).keep(kept);
      sweepSometimes();
    },
    get open() {
      return open;
    },
  };
}
