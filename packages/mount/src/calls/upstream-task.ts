/**
 * A call that its server answered with a task (the extension `io.modelcontextprotocol/tasks`). We look at the task until it ends or
 * asks. For our own client it is a call that takes long: whether it becomes a task of ours is decided in core.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Implementation, InputRequest, InputRequired, JsonObject, PassedAnswer } from '@mcp-daemon/core';
import { inputRequired, isObject, missingCapabilities } from '@mcp-daemon/core';

import { modernMeta } from '../connection/handshake.js';
import type { Live } from '../upstream.js';
import type { RunEnd, RunSide } from './mounted-call.js';
import { capabilitiesFor } from './mounted-call.js';

/** What a run carries for the next one. */
export interface TaskState {
  /** The id of the task, as its server gave it. */
  task: string;
  pollMs: number;
  /** The keys of the questions. */
  asked: string[];
}

/** What {@link followTask} takes. */
export interface FollowOptions {
  /** The name of the server. */
  name: string;
  run: RunSide;
  client: Implementation;
  /** The connection, which may have been lost in the meantime. @throws Error if there is none */
  reach: () => Promise<Live>;
}

/** Milliseconds between two looks: what a server may ask for, and what we do if it does not say. */
const [MIN_POLL_MS, MAX_POLL_MS, USUAL_POLL_MS] = [50, 60_000, 1_000];
/** So often in a row, a look may fail because the connection is lost. */
const MAX_LOST = 5;

const pollOf = ({ pollIntervalMs }: JsonObject): number =>
  typeof pollIntervalMs === 'number' && Number.isFinite(pollIntervalMs)
    ? Math.min(Math.max(pollIntervalMs, MIN_POLL_MS), MAX_POLL_MS)
    : USUAL_POLL_MS;

/** Ends the listeners of calls that wait for their callers, by exchange. */
const waiting = new WeakMap<object, () => void>();

/** One task, during one run. */
class FollowedTask {
  readonly #options: FollowOptions;
  readonly #id: string;
  #pollMs: number;
  readonly #over = new AbortController();
  #said: string | undefined;
  #steps = 0;

  constructor(options: FollowOptions, id: string, pollMs: number) {
    this.#options = options;
    this.#id = id;
    this.#pollMs = pollMs;
    const { source } = options.run;
    const { exchange } = source.request;
    waiting.get(exchange)?.();
    waiting.delete(exchange);
    source.onEnd(() => {
      this.#over.abort();
      this.#cancel();
    });
  }

  /** Sends a request about the task. */
  async #ask(method: string, more: JsonObject = {}): Promise<PassedAnswer> {
    const { reach, run, client } = this.#options;
    const { connection } = await reach();
    const _meta = modernMeta(client, capabilitiesFor(run.source, true));
    return connection.request(method, { taskId: this.#id, ...more, _meta });
  }

  #cancel(): void {
    // If this fails, the task ends when it expires.
    this.#ask('tasks/cancel').catch(() => undefined);
  }

  #broken(what: string): Error {
    return new Error(`the server "${this.#options.name}" ${what}`);
  }

  /** Answers questions of the task. @throws Error if the server refuses, or cannot be reached */
  async answer(inputResponses: JsonObject): Promise<void> {
    const { error } = await this.#ask('tasks/update', { inputResponses });
    if (error !== undefined) throw this.#broken(`refuses the answers for its task: ${error.message}`);
  }

  /** The state of the task. @throws Error if the server does not know it, or cannot be reached for long */
  async #look(): Promise<JsonObject> {
    for (let lost = 1; ; lost += 1) {
      let answer: PassedAnswer;
      try {
        answer = await this.#ask('tasks/get');
      } catch (error) {
        if (lost === MAX_LOST || this.#over.signal.aborted) throw error;
        await this.#pause();
        continue;
      }
      if (answer.error !== undefined) throw this.#broken(`gave its task up: ${answer.error.message}`);
      return answer.result ?? {};
    }
  }

  #pause(): Promise<void> {
    return sleep(this.#pollMs, undefined, { signal: this.#over.signal });
  }

  /** What the server says of its task is the progress of our call. */
  #tell({ statusMessage }: JsonObject): void {
    if (typeof statusMessage !== 'string' || statusMessage === this.#said) return;
    this.#said = statusMessage;
    this.#steps += 1;
    this.#options.run.progress(this.#steps, undefined, statusMessage);
  }

  /** Looks until the task ends or asks. */
  async follow(): Promise<RunEnd> {
    for (;;) {
      await this.#pause();
      const task = await this.#look();
      this.#pollMs = pollOf(task);
      const { status, result, error } = task;
      if (status === 'working') this.#tell(task);
      else if (status === 'completed' && isObject(result)) return { result };
      else if (status === 'failed' && isObject(error)) return { error: error as unknown as NonNullable<PassedAnswer['error']> };
      else if (status === 'cancelled') throw this.#broken('cancelled its task');
      else if (status === 'input_required' && isObject(task['inputRequests'])) {
        const question = this.#question(task['inputRequests'] as Record<string, InputRequest>);
        if (question !== undefined) return question;
      } else throw this.#broken('sent a task without a state that is known');
    }
  }

  /** @returns undefined: all is answered already */
  #question(requests: Record<string, InputRequest>): InputRequired | undefined {
    const { source } = this.#options.run;
    const asked = Object.keys(requests).filter((key) => !(key in source.inputs));
    if (asked.length === 0) return undefined;
    const open = Object.fromEntries(asked.map((key) => [key, requests[key] as InputRequest]));
    const missing = missingCapabilities(open, source.request.caller.capabilities);
    if (missing !== undefined) {
      this.#cancel();
      throw this.#broken(`asks for ${Object.keys(missing).join(', ')}, which the client does not support`);
    }
    this.#followCaller();
    const state: TaskState = { task: this.#id, pollMs: this.#pollMs, asked };
    return inputRequired(open as Parameters<typeof inputRequired>[0], state);
  }

  /** While it waits for its caller, no run is there to be ended: the task is cancelled with its exchange. */
  #followCaller(): void {
    const { exchange } = this.#options.run.source.request;
    const { signal } = exchange;
    const left = (): void => this.#cancel();
    waiting.set(exchange, () => signal.removeEventListener('abort', left));
    signal.addEventListener('abort', left, { once: true });
    if (signal.aborted) left();
  }
}

/**
 * Follows a task until it ends or asks.
 *
 * @param created the answer to the call
 * @throws Error if the server cancels or forgets it, or cannot be reached
 */
export function followTask(options: FollowOptions, created: JsonObject): Promise<RunEnd> {
  const { taskId } = created;
  if (typeof taskId !== 'string')
    return Promise.reject(new Error(`the server "${options.name}" answered with a task that has no taskId`));
  return new FollowedTask(options, taskId, pollOf(created)).follow();
}

/** Answers the questions of a task, and follows it again. @throws Error as {@link followTask} */
export async function resumeTask(options: FollowOptions, { task, pollMs, asked }: TaskState): Promise<RunEnd> {
  const { inputs } = options.run.source;
  const followed = new FollowedTask(options, task, pollMs);
  await followed.answer(Object.fromEntries(asked.flatMap((key) => (key in inputs ? [[key, inputs[key]]] : []))));
  return followed.follow();
}
