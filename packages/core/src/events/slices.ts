/** Long jobs in short slices, so that other requests are served in between. */

/** A job that yields wherever it can be interrupted. It must not throw. */
export type Job = Generator<void, void>;

/** What {@link Slices} takes. */
export interface SlicesOptions {
  /** Milliseconds that all jobs together may take in one turn of the event loop. Default 2. */
  holdMs?: number;
  /** Steps that jobs take in each turn, however slow they are. Default 16: what is small is done at once, also on a busy machine. */
  minSteps?: number;
  /** The time in milliseconds. Default `performance.now()`. */
  now?: () => number;
}

/**
 * Runs jobs in order. A job begins at once, and what does not fit into this turn of the event loop goes on in later turns. The
 * time is shared by all jobs of a turn: a thousand short jobs hold up nobody longer than one long job does.
 */
export class Slices {
  readonly #holdMs: number;
  readonly #minSteps: number;
  readonly #now: () => number;
  #jobs: Job[] = [];
  /** Set while the time of a turn is being counted. */
  #turn: NodeJS.Immediate | undefined;
  #until = 0;
  #steps = 0;

  constructor({ holdMs = 2, minSteps = 16, now = () => performance.now() }: SlicesOptions = {}) {
    this.#holdMs = holdMs;
    this.#minSteps = minSteps;
    this.#now = now;
  }

  /** Begins a job, after those that were begun before it. */
  start(job: Job): void {
    this.#jobs.push(job);
    if (this.#jobs.length > 1) return; // an earlier job is not done, or is what calls this
    if (this.#turn === undefined) this.#beginTurn();
    this.#run();
  }

  /** Ends all jobs. */
  close(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#jobs = [];
  }

  #beginTurn(): void {
    this.#until = this.#now() + this.#holdMs;
    this.#steps = 0;
    this.#turn = setImmediate(this.#next).unref();
  }

  readonly #next = (): void => {
    this.#turn = undefined;
    if (this.#jobs.length === 0) return;
    this.#beginTurn();
    this.#run();
  };

  #run(): void {
    const jobs = this.#jobs; // another list after `close`
    for (let job = jobs[0]; job !== undefined && jobs === this.#jobs; job = jobs[0]) {
      if (this.#steps >= this.#minSteps && this.#now() >= this.#until) return;
      this.#steps += 1;
      let done = true; // also where it throws
      try {
        done = job.next().done === true;
      } finally {
        if (done) jobs.shift();
      }
    }
  }
}
