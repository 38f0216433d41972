/** Keeps a running task in the store, where other processes read and change it. */
import type { StateStore } from '../ports/state.js';
import type { TaskEntry } from './entry.js';
import { expiryOf, hasEnded, readEntry, taskKey } from './entry.js';
import type { TaskTools } from './tools.js';

/** What a task wants to know of its copy in the store. */
export interface StoredTaskEvents {
  /** Another process has ended the task, or its entry has expired (undefined). */
  ended(by: TaskEntry | undefined): void;
  /** Another process has added answers. */
  answered(answers: Record<string, unknown>): void;
}

/** Milliseconds between attempts to write a task. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** The copy of a task in the store. One write at a time; changes while one runs are written together. */
export class StoredTask {
  readonly #partition: string;
  readonly #entry: TaskEntry;
  readonly #tools: Pick<TaskTools, 'state' | 'logger'>;
  readonly #events: StoredTaskEvents;
  /** Of the last write that is known here; undefined: the task is not in the store. */
  #version: string | undefined;
  #writing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #isGone = false;
  /** Whether the entry has changed since it was last written. */
  #isChanged = false;
  /** How many characters the last write had. */
  size = 0;

  constructor(partition: string, entry: TaskEntry, tools: Pick<TaskTools, 'state' | 'logger'>, events: StoredTaskEvents) {
    this.#partition = partition;
    this.#entry = entry;
    this.#tools = tools;
    this.#events = events;
  }

  /** Whether the store has what is known here, or never will. */
  get isSaved(): boolean {
    return this.#isGone || (this.#version !== undefined && !this.#isChanged && this.#writing === undefined);
  }

  /** Writes it for the first time. @throws DaemonError `store_failed`, `store_busy`, `closed` */
  async create(): Promise<void> {
    const state = await this.#tools.state();
    if (!(await this.#put(state, null))) throw new Error('a task with this id is in the store');
  }

  /** The entry has changed: writes it, like {@link save}. */
  change(): Promise<void> {
    this.#isChanged = true;
    return this.save();
  }

  /** Writes what has changed. Resolves when that was tried; if it failed it is tried again later. Before `create` it does nothing. */
  save(): Promise<void> {
    if (this.#version === undefined || this.#isGone) return Promise.resolve();
    if (!this.#isChanged) return this.#writing ?? Promise.resolve();
    if (this.#writing === undefined) return this.#write();
    this.#waiting ??= this.#writing.then(() => {
      this.#waiting = undefined;
      return this.#write();
    });
    return this.#waiting;
  }

  /** Resolves when the attempt to write it that runs now, if one does, has ended. */
  async tried(): Promise<void> {
    await (this.#waiting ?? this.#writing);
  }

  /** Looks at what other processes have done. */
  async refresh(): Promise<void> {
    await this.#writing;
    if (this.#version === undefined || this.#isGone) return;
    await this.#merge(await this.#tools.state());
  }

  /** It is not tried again. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#isGone = true;
  }

  #write(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const writing = this.#attempt().then(
      () => {
        this.#failures = 0;
      },
      (error: unknown) => this.#postpone(error),
    );
    this.#writing = writing.finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #attempt(): Promise<void> {
    const state = await this.#tools.state();
    while (!this.#isGone && this.#isChanged && !(await this.#put(state, this.#version))) await this.#merge(state);
  }

  async #put(state: StateStore, expected: string | null | undefined): Promise<boolean> {
    const value = JSON.stringify(this.#entry);
    this.#isChanged = false; // what changes from now on is not in the text
    let isWritten = false;
    try {
      const options = { ...(expected === undefined ? {} : { expected }), expires_at: expiryOf(this.#entry) };
      const put = state.put(this.#partition, taskKey(this.#entry.id), value, options);
      const written = put instanceof Promise ? await put : put;
      isWritten = written !== undefined;
      if (written !== undefined) this.#version = written.version;
    } finally {
      if (!isWritten) this.#isChanged = true;
    }
    if (isWritten) this.size = value.length;
    return isWritten;
  }

  /** Takes over what another process has written. */
  async #merge(state: StateStore): Promise<void> {
    const stored = await state.get(this.#partition, taskKey(this.#entry.id));
    if (stored === undefined) {
      this.stop();
      this.#events.ended(undefined);
      return;
    }
    if (stored.version === this.#version) return;
    this.#version = stored.version;
    const other = readEntry(stored.value);
    if (hasEnded(other)) {
      this.stop();
      this.#events.ended(other);
    } else if (other.answers !== undefined) this.#events.answered(other.answers);
  }

  #postpone(error: unknown): void {
    if (this.#isGone) return;
    if (this.#failures === 0)
      this.#tools.logger.error(
        { task: this.#entry.id, error: String(error) },
        'a task cannot be stored now; it is tried again until it expires',
      );
    const delay = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => void this.save(), delay).unref();
  }
}
