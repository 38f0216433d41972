/**
 * One call of a mounted function: its request to the other server, and what that server sends meanwhile. If the server asks the
 * caller something while the call runs (legacy), the run of our function ends with that question, and the request goes on: the next
 * run brings the answer and waits again.
 */
import type {
  ClientCapabilities,
  ContextSource,
  InputRequest,
  InputRequired,
  JsonObject,
  LogLevel,
  PassedAnswer,
} from '@mcp-daemon/core';
import { inputRequired, LOG_LEVELS, META, missingCapabilities, TASKS_EXTENSION } from '@mcp-daemon/core';

import type { SendOptions } from '../connection/carrier.js';
import type { Pending, PendingCaller, Reply } from '../connection/pending.js';
import type { Live } from '../upstream.js';

/** What a run ends with: the answer, or a question. */
export type RunEnd = PassedAnswer | InputRequired;

/** The parts of a context that a call uses: those of the newest run. */
export interface RunSide {
  readonly source: ContextSource;
  progress(progress: number, total?: number, message?: string): void;
  log(level: LogLevel, data: unknown, logger?: string): void;
}

/** A question of the other server. */
interface Question {
  readonly request: InputRequest;
  readonly reply: Reply;
}

/** Keeps calls between two runs. */
export interface ParkingLot {
  /** @returns the key to find the call */
  park(call: MountedCall): string;
  /** Forgets a call that will have no next run. */
  drop(call: MountedCall): void;
}

/** A client that has not declared a capability: what its SDK would answer. */
const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;

/** Who calls, as one text. */
const whoOf = ({ request }: ContextSource): string => `${request.exchange.partition}\n${request.exchange.subject}`;

/** One call. */
export class MountedCall implements Pending, PendingCaller {
  readonly who: string;
  readonly #live: Live;
  readonly #lot: ParkingLot;
  readonly #questions = new Map<string, Question>();
  #run: RunSide;
  #id = 0;
  #abort: AbortController | undefined;
  #resolve: ((end: RunEnd) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  /** What came while no run waited. */
  #ended: { answer?: PassedAnswer; error?: Error } | undefined;
  #asking: NodeJS.Immediate | undefined;

  constructor(live: Live, run: RunSide, lot: ParkingLot) {
    this.#live = live;
    this.#run = run;
    this.#lot = lot;
    this.who = whoOf(run.source);
  }

  get caller(): PendingCaller {
    return this;
  }

  /** Sends the request, and waits. */
  start(method: string, params: JsonObject, headers?: Readonly<Record<string, string>>): Promise<RunEnd> {
    const { connection, hasStreams } = this.#live;
    let options: SendOptions | undefined;
    if (hasStreams) {
      this.#abort = new AbortController();
      options = { signal: this.#abort.signal, ...(headers === undefined ? {} : { headers }) };
    }
    const end = this.#wait();
    this.#id = connection.send(method, params, this, options);
    return end;
  }

  /** The next run: takes the answers to the questions of the last one, and waits. */
  resume(run: RunSide): Promise<RunEnd> {
    this.#run = run;
    const { inputs } = run.source;
    for (const [name, { reply }] of [...this.#questions]) {
      const answer = inputs[name];
      if (answer === undefined) continue; // not asked yet
      this.#questions.delete(name);
      reply({ result: answer as JsonObject });
    }
    const end = this.#wait();
    if (this.#questions.size > 0) this.#askSoon();
    return end;
  }

  /** Ends the request: nobody waits for its answer. */
  cancel(reason: string): void {
    const { connection, greeting, hasStreams } = this.#live;
    // A modern request over HTTP is ended by its stream.
    connection.cancel(this.#id, reason, !(hasStreams && greeting.era === 'modern'));
    for (const { reply } of this.#questions.values())
      reply({ error: { code: INTERNAL_ERROR, message: 'The call was cancelled.' } });
    this.#questions.clear();
    this.#abort?.abort();
    this.#lot.drop(this);
  }

  settle(answer: PassedAnswer): void {
    if (this.#resolve === undefined) this.#ended = { answer };
    else this.#resolve(answer);
  }

  fail(error: Error): void {
    if (this.#reject === undefined) this.#ended = { error };
    else this.#reject(error);
  }

  progress(progress: number, total?: number, message?: string): void {
    this.#run.progress(progress, total, message);
  }

  log(level: LogLevel, data: unknown, logger?: string): void {
    this.#run.log(level, data, logger);
  }

  ask(id: string, request: InputRequest, reply: Reply): void {
    const missing = missingCapabilities({ [id]: request }, this.#run.source.request.caller.capabilities);
    if (missing !== undefined) {
      const what = Object.keys(missing).join(', ');
      return reply({ error: { code: METHOD_NOT_FOUND, message: `The client does not support ${what}.` } });
    }
    this.#questions.set(`q${id}`, { request, reply });
    this.#askSoon();
  }

  withdraw(id: string): void {
    this.#questions.delete(`q${id}`);
  }

  /** Questions of one moment are asked together. */
  #askSoon(): void {
    if (this.#asking !== undefined) return;
    this.#asking = setImmediate(() => {
      this.#asking = undefined;
      if (this.#questions.size === 0 || this.#resolve === undefined) return;
      const requests = Object.fromEntries([...this.#questions].map(([name, { request }]) => [name, request]));
      const resolve = this.#resolve;
      this.#resolve = this.#reject = undefined;
      resolve(inputRequired(requests, { parked: this.#lot.park(this) }));
      this.#followCaller();
    });
  }

  /** A legacy caller that leaves while it is asked: its request is over. A modern one has its result, and comes again. */
  #followCaller(): void {
    const { exchange, caller } = this.#run.source.request;
    if (caller.era === 'modern') return;
    const left = (): void => {
      if (this.#resolve === undefined) this.cancel('The caller cancelled.');
    };
    exchange.signal.addEventListener('abort', left, { once: true });
    if (exchange.signal.aborted) left();
  }

  #wait(): Promise<RunEnd> {
    this.#run.source.onEnd((by) => this.cancel(by === 'timed_out' ? 'The time limit is reached.' : 'The caller cancelled.'));
    const ended = this.#ended;
    if (ended !== undefined)
      return ended.answer === undefined ? Promise.reject(ended.error as Error) : Promise.resolve(ended.answer);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }
}

/** Keys of `_meta` that are about one connection: they are not passed on. */
const OWN = new Set<string>([...Object.values(META), 'progressToken']);

/** What a caller can do, as another server is told. @param makesTasks whether that server may answer with tasks */
export function capabilitiesFor({ request }: ContextSource, makesTasks: boolean): ClientCapabilities {
  const { elicitation, sampling, roots } = request.caller.capabilities;
  return {
    ...(elicitation && { elicitation }),
    ...(sampling && { sampling }),
    ...(roots && { roots }),
    ...(makesTasks && { extensions: { [TASKS_EXTENSION]: {} } }),
  };
}

/**
 * The `_meta` of a request to another server: the caller's own members, and what the other server needs.
 *
 * @returns undefined: there is none
 */
export function metaOf(
  source: ContextSource,
  { greeting, connection, makesTasks }: Live,
  envelope: JsonObject,
): JsonObject | undefined {
  const { meta, caller } = source.request;
  let passed: JsonObject | undefined;
  for (const key in meta) if (!OWN.has(key)) (passed ??= {})[key] = meta[key];
  if (meta['progressToken'] !== undefined) (passed ??= {})['progressToken'] = connection.nextId;
  if (greeting.era === 'legacy') return passed;
  const level = caller.logLevel === undefined ? {} : { [META.logLevel]: caller.logLevel };
  return { ...passed, ...envelope, [META.clientCapabilities]: capabilitiesFor(source, makesTasks), ...level };
}

/** Has a legacy server log what this caller wants, if it logs less. */
export function raiseLogLevel(source: ContextSource, live: Live): void {
  const wanted = source.request.caller.logLevel;
  if (wanted === undefined || live.greeting.era === 'modern' || live.greeting.capabilities['logging'] === undefined) return;
  const level = LOG_LEVELS.indexOf(wanted);
  if (live.logLevel !== undefined && live.logLevel <= level) return;
  live.logLevel = level;
  live.connection.request('logging/setLevel', { level: wanted }).catch(() => undefined); // then it logs as it likes
}
