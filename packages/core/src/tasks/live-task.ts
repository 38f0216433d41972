/** A task that runs in this process: its state, what its function asks, and who watches it. */
import type { JsonObject } from '../base/json.js';
import { truncate } from '../base/truncate.js';
import type { Outcome } from '../call/outcome.js';
import type { Conversation, FoundCall } from '../call/running-call.js';
import type { Rounds } from '../input/asker.js';
import type { InputRequired } from '../input/requests.js';
import type { EndedBy } from '../protocol/ended-by.js';
import type { Exchange } from '../protocol/exchange.js';
import type { JsonRpcErrorObject } from '../protocol/messages.js';
import type { Ticket } from '../records/recorder.js';
import type { TaskEntry } from './entry.js';
import { addAnswers, hasEnded } from './entry.js';
import type { StoredTaskEvents } from './stored-task.js';
import { StoredTask } from './stored-task.js';
import type { ExchangingCall } from './task-exchange.js';
import { TaskExchange } from './task-exchange.js';
import type { TaskTools } from './tools.js';

/** Milliseconds between two progress messages that are shown. */
const PROGRESS_EVERY_MS = 1_000;
/** The code of the error of a call whose process has ended; see `packages/runner/src/host/ended.ts`. */
const PROCESS_ENDED = 'process_ended';
/** Characters of a progress message. */
const MAX_MESSAGE = 500;

/** How a task ends. */
export type TaskEnd =
  { status: 'completed'; result: JsonObject } | { status: 'failed'; error: JsonRpcErrorObject } | { status: 'cancelled' };

/** A task that runs in this process. */
export class LiveTask implements Conversation, ExchangingCall, StoredTaskEvents {
  readonly partition: string;
  readonly entry: TaskEntry;
  readonly exchange: TaskExchange;
  readonly stored: StoredTask;
  /** Resolves when its call has ended. */
  ended: Promise<void> = Promise.resolve();
  /** Why the process of the function ended before the function did; undefined: it did not. */
  crash: string | undefined;
  readonly #tools: TaskTools;
  #watchers: Set<(entry: TaskEntry) => void> | undefined;
  #ticket: Ticket | undefined;
  /** Whether the call is a task now: its questions are asked in the task. */
  #isTask = false;
  #resume: (() => void) | undefined;
  #taken: JsonObject = {};
  #shown = -Infinity;
  #showing: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(entry: TaskEntry, origin: Exchange, tools: TaskTools) {
    this.entry = entry;
    this.partition = origin.partition;
    this.#tools = tools;
    this.exchange = new TaskExchange(origin, this);
    this.stored = new StoredTask(this.partition, entry, tools, this);
  }

  /** Called when the task has changed, with its state. Few tasks have any. */
  get watchers(): Set<(entry: TaskEntry) => void> {
    return (this.#watchers ??= new Set());
  }

  refusal(): Error {
    const why = `"${this.entry.name}" cannot ask its client any more: its call was answered.`;
    return this.#tools.fail('missing_client_capability', why);
  }

  begun(ticket: Ticket): void {
    this.#ticket = ticket;
    this.entry.callId = ticket.callId;
    if (this.entry.kind === 'call') this.entry.id = ticket.callId;
    this.#name();
  }

  ran(outcome: Outcome): void {
    const isCrash = outcome.kind === 'error' && (outcome.cause as { code?: unknown } | undefined)?.code === PROCESS_ENDED;
    if (isCrash) this.crash = outcome.message;
  }

  notes(notes: string | null): string | null {
    if (!this.#isTask || this.entry.kind === 'call') return notes;
    return notes === null ? `task ${this.entry.id}` : `${notes} (task ${this.entry.id})`;
  }

  /** The call becomes a task. */
  become(): void {
    this.#isTask = true;
    this.#name();
  }

  /** The call is answered like any other: its task could not be stored. */
  unbecome(): void {
    this.#isTask = false;
  }

  /** Nothing is watched any more. */
  forget(): void {
    clearTimeout(this.#expiry);
    clearTimeout(this.#showing);
    this.#watchers?.clear();
  }

  /** Names the task in the record. */
  #name(): void {
    if (this.#ticket?.row !== undefined && !this.#ticket.settled) this.#ticket.row.notes = this.notes(null);
  }

  /** Ends the task when it expires. */
  expireAt(time: number): void {
    this.#expiry = setTimeout(() => this.abort('expiry'), Math.max(0, time - Date.now())).unref();
  }

  interview(call: FoundCall, wish: InputRequired, rounds: Rounds): Promise<Rounds> | undefined {
    const { entry } = this;
    if (!this.#isTask) return undefined;
    if (entry.kind === 'call') {
      if (call.request.caller.era === 'legacy') return undefined; // its exchange refuses
      return Promise.reject(this.refusal());
    }
    let requests;
    try {
      requests = this.#tools.asker.requests(call, wish, rounds);
    } catch {
      return undefined; // the call ends with this error
    }
    const count = rounds.count + 1;
    const names = Object.keys(requests);
    if (names.length === 0) return Promise.resolve({ ...rounds, state: wish.state, count });
    // No key is used twice in the life of a task, so that an answer that comes late is for no other question.
    entry.requests = Object.fromEntries(Object.entries(requests).map(([name, request]) => [`${count}-${name}`, request]));
    entry.status = 'input_required';
    this.#taken = {};
    const { signal } = this.exchange;
    return new Promise((resolve, reject) => {
      const gaveUp = (): void => reject(this.#tools.fail('closed', 'The task was ended.'));
      this.#resume = () => {
        signal.removeEventListener('abort', gaveUp);
        this.#resume = undefined;
        const given = Object.fromEntries(names.map((name) => [name, this.#taken[`${count}-${name}`]]));
        resolve({ ...rounds, inputs: { ...rounds.inputs, ...given }, state: wish.state, count });
      };
      signal.addEventListener('abort', gaveUp, { once: true });
      if (signal.aborted) gaveUp();
      else this.#changed();
    });
  }

  /** Takes answers to the open questions; others are ignored. When all are answered the function runs again. */
  answer(responses: JsonObject): void {
    const { entry } = this;
    if (addAnswers(entry, responses).length === 0) return;
    this.#taken = { ...this.#taken, ...entry.answers };
    if (entry.status === 'working') {
      delete entry.requests;
      delete entry.answers;
    }
    this.#changed();
    if (entry.status === 'working') this.#resume?.();
  }

  /** Ends the task. If it has ended already, that stays. */
  end(end: TaskEnd): void {
    const { entry } = this;
    if (hasEnded(entry)) return;
    entry.status = end.status;
    delete entry.requests;
    delete entry.answers;
    if (end.status === 'completed') entry.result = end.result;
    if (end.status === 'failed') {
      entry.error = end.error;
      entry.message = truncate(end.error.message, MAX_MESSAGE);
    }
    clearTimeout(this.#expiry);
    clearTimeout(this.#showing);
    entry.updated = Date.now();
    // One that ends before it is stored is stored with its end, and has no watchers yet.
    if (this.stored.isCreated) void this.stored.change().then(() => this.#tell());
    else void this.stored.change();
  }

  /**
   * The task as clients may see it. Its end is shown when it is stored: what a client has seen stays so, even if this process is
   * killed. A store that fails delays the end by one attempt. What other processes have done is seen at once, because a client may
   * have seen it there.
   */
  async shown(): Promise<TaskEntry> {
    if (!hasEnded(this.entry) && this.#tools.isShared()) await this.stored.refresh().catch(() => undefined); // without the store, this process knows best
    if (hasEnded(this.entry)) await this.stored.tried();
    return { ...this.entry };
  }

  /** Cancels the task for its client. */
  cancel(): void {
    this.end({ status: 'cancelled' });
    this.abort('client');
  }

  /** Ends the run of the function; the task ends with it. */
  abort(by: EndedBy): void {
    if (!this.exchange.isAborted) this.exchange.abort(this.#tools.abortReason(by));
  }

  endedElsewhere(by: TaskEntry | undefined): void {
    if (by !== undefined && !hasEnded(this.entry)) {
      Object.assign(this.entry, by);
      this.#tell();
    }
    clearTimeout(this.#expiry);
    clearTimeout(this.#showing);
    this.abort(by === undefined ? 'expiry' : 'client');
  }

  progressed(progress: number, total?: number, message?: string): void {
    const { entry } = this;
    if (hasEnded(entry)) return;
    const amount = Number.isFinite(total) ? `${progress} of ${total}` : String(progress);
    entry.message = truncate(message ?? amount, MAX_MESSAGE);
    entry.updated = Date.now();
    if (!this.#isTask || this.#showing !== undefined) return;
    const wait = this.#shown + PROGRESS_EVERY_MS - performance.now();
    if (wait <= 0) this.#show();
    else this.#showing = setTimeout(() => this.#show(), wait).unref();
  }

  #show(): void {
    this.#showing = undefined;
    this.#shown = performance.now();
    this.#tell();
    if (this.#tools.isShared()) void this.stored.change();
  }

  #changed(): void {
    this.entry.updated = Date.now();
    this.#tell();
    void this.stored.change();
  }

  #tell(): void {
    for (const watcher of [...(this.#watchers ?? [])]) watcher(this.entry);
  }
}
