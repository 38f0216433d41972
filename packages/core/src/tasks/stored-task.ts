/** Keeps a running task in the store, where other processes read and change it. */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { StateEntry, StateStore } from '../ports/state.js';
import type { TaskEntry } from './entry.js';
import { entryText, expiryOf, hasEnded, readEntry, taskKey } from './entry.js';
import type { TaskTools } from './tools.js';

/** What a task wants to know of its copy in the store. */
export interface StoredTaskEvents {
  /** Another process has ended the task, or its entry has expired (undefined). */
  endedElsewhere(by: TaskEntry | undefined): void;
  /** Another process has added answers. */
  answer(answers: JsonObject): void;
}

/** Milliseconds between attempts to write a task. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** The copy of a task in the store. One write at a time; changes while one runs are written together. */
export class StoredTask {
  readonly #partition: string;
  readonly #entry: TaskEntry;
  readonly #tools: Pick<TaskTools, 'state' | 'encode' | 'logger'>;
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

  constructor(
    partition: string,
    entry: TaskEntry,
    tools: Pick<TaskTools, 'state' | 'encode' | 'logger'>,
    events: StoredTaskEvents,
  ) {
    this.#partition = partition;
    this.#entry = entry;
    this.#tools = tools;
    this.#events = events;
  }

  /** Whether the store has what is known here, or never will. */
  get isSaved(): boolean {
    return this.#isGone || (this.#version !== undefined && !this.#isChanged && this.#writing === undefined);
  }

  /** Whether it was written. */
  get isCreated(): boolean {
    return this.#version !== undefined;
  }

  /** Writes it for the first time. @throws DaemonError `store_failed`, `store_busy`, `closed` */
  create(): Awaitable<void> {
    const created = (isWritten: boolean): void => {
      if (!isWritten) throw new Error('a task with this id is in the store');
    };
    return andThen(this.#tools.state(), (state) => andThen(this.#put(state, null), created));
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
    while (!this.#isGone && this.#isChanged && this.#version !== undefined && !(await this.#put(state, this.#version)))
      await this.#merge(state);
  }

  /** @param expected the version of the entry that it replaces; null: there is none */
  #put(state: StateStore, expected: string | null): Awaitable<boolean> {
    const value = entryText(this.#entry, this.#tools.encode);
    this.#isChanged = false; // what changes from now on is not in the text
    const tried = (written: StateEntry | undefined): boolean => {
      if (written === undefined) this.#isChanged = true;
      else [this.#version, this.size] = [written.version, value.length];
      return written !== undefined;
    };
    const failed = (error: unknown): never => {
      this.#isChanged = true;
      throw error;
    };
    try {
      const put = state.put(this.#partition, taskKey(this.#entry.id), value, { expected, expires_at: expiryOf(this.#entry) });
      return put instanceof Promise ? put.then(tried, failed) : tried(put);
    } catch (error) {
      return failed(error);
    }
  }

  /** Takes over what another process has written. */
  async #merge(state: StateStore): Promise<void> {
    const before = this.#version;
    const stored = await state.get(this.#partition, taskKey(this.#entry.id));
    if (this.#isGone || this.#version !== before) return; // what was read is older than what is known by now
    if (stored === undefined) {
      this.stop();
      this.#events.endedElsewhere(undefined);
      return;
    }
    if (stored.version === this.#version) return;
    this.#version = stored.version;
    const other = readEntry(stored.value);
    if (hasEnded(other)) {
      this.stop();
      this.#events.endedElsewhere(other);
    } else if (other.answers !== undefined) this.#events.answer(other.answers);
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
