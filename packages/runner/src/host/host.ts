/** One child process, from the daemon's side: loads functions, calls them, aborts calls, and knows how the process ended. */
import { DaemonError } from '@mcp-daemon/core';

import type { Message } from '../protocol/frames.js';
import { bodyOf, ProtocolFault } from '../protocol/frames.js';
import type { Load } from '../protocol/messages.js';
import { FROM_CHILD, TO_CHILD } from '../protocol/messages.js';
import { Aborts } from './aborts.js';
import type { PendingCall } from './call.js';
import { release } from './call.js';
import { callBody, sizeOver } from './call-json.js';
import { Callers } from './callers.js';
import type { Exit } from './ended.js';
import { describeEnd, KilledError, ProcessEndedError, wasKilled } from './ended.js';
import { failureOf, Functions } from './functions.js';
import { notify } from './notify.js';
import type { HostOptions } from './options.js';
import { errorOf, valueOf } from './result.js';

/** Milliseconds for the second sign of an end, after the first: the exit of the process, and the end of its connection. */
const SECOND_SIGN_MS = 2_000;
/** Milliseconds that a process may take to end after its connection. */
const DYING_MS = 100;
/** Milliseconds without calls after which the launcher looks at the memory of the child less often. */
const QUIET_MS = 2_000;
/** Bytes that wait for a child that does not read. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
/** Characters of the last output of the process itself, for the reason of its end. */
const TAIL_CHARACTERS = 4_000;
/** How often a call is sent to another child because its child ended before it began. */
const MAX_ATTEMPTS = 2;

/** The state of a child. */
export class Host {
  readonly #options: HostOptions;
  readonly #calls = new Map<number, PendingCall>();
  readonly #functions = new Functions();
  readonly #aborts: Aborts;
  readonly #callers: Callers;
  #nextCall = 1;
  #exit: Exit | undefined;
  #isConnected = true;
  #hasExited = false;
  #wasKilled = false;
  #isOver = false;
  #isEnding = false;
  #reason: string | undefined;
  #tail = '';
  #isBusy = false;
  #quiet: NodeJS.Timeout | undefined;
  #lastResort: NodeJS.Timeout | undefined;
  #resourceUpdated: ((uri: string) => void) | undefined;
  /** Resolves when the process has ended. */
  readonly over: Promise<void>;
  #resolveOver: () => void = () => undefined;
  /** Called when a child that could not be used any more has ended. */
  onOver: () => void = () => undefined;
  /** Called when its last running call has ended. */
  onIdle: () => void = () => undefined;
  /** Gets calls that had not begun when the process ended, to run them elsewhere. */
  onAgain: (call: PendingCall) => void = (call) => call.reject(new ProcessEndedError('the process ended'));

  constructor(options: HostOptions) {
    this.#options = options;
    this.#aborts = new Aborts(options.graceMs, (reason) => {
      options.counters.kills += 1;
      this.kill(reason);
    });
    this.over = new Promise((resolve) => (this.#resolveOver = resolve));
    this.#callers = new Callers((id, json) => options.connection.send(TO_CHILD.CALLER, id, json));
  }

  /** Process id, as the child says. */
  get pid(): number {
    return this.#options.hello.pid;
  }

  /** Number of calls that have not ended. */
  get size(): number {
    return this.#calls.size;
  }

  /** Whether it takes calls. */
  get isUp(): boolean {
    return !this.#isOver && !this.#isEnding && this.#isConnected && !this.#hasExited && this.#reason === undefined;
  }

  /** Whether it may be stuck: a call has not ended after its abort, or much waits to be read. */
  get isSuspect(): boolean {
    return this.#aborts.areSuspect || this.#options.connection.backlog > MAX_BACKLOG_BYTES;
  }

  /** Milliseconds for which the oldest call waits to begin; 0: none waits. */
  waitedMs(now: number): number {
    for (const call of this.#calls.values()) if (!call.begun) return now - call.sent;
    return 0;
  }

  /** The id of a loaded function; undefined: it is not loaded. */
  functionId(key: string): number | undefined {
    return this.#functions.idOf(key);
  }

  /**
   * Loads a function.
   *
   * @throws DaemonError `module_not_found`, `module_failed` or `function_not_found`
   */
  load(key: string, load: Load): Promise<number> {
    const pending = this.#functions.pending(key);
    if (pending !== undefined) return pending;
    const { connection, loadMs } = this.#options;
    const late = (): void => this.kill(`"${load.module_name}" was not loaded within ${loadMs} ms`);
    const { id, promise } = this.#functions.begin(key, loadMs, late);
    if (this.isUp) {
      connection.send(TO_CHILD.LOAD, id, JSON.stringify(load));
      this.#work();
    } else {
      this.#failLoads();
    }
    return promise;
  }

  /** The error of code that was being loaded when the process ended. */
  loadError(): DaemonError {
    const what = `its process ${this.#describe()} while its code was loaded`;
    return this.#wasKilled ? new KilledError(what) : new DaemonError('module_failed', what);
  }

  /** Sends a call. @param fn the id of a loaded function */
  call(fn: number, call: PendingCall): void {
    const { connection, maxMessageBytes } = this.#options;
    const id = this.#nextCall;
    this.#nextCall = id === 0xffff_ffff ? 1 : id + 1;
    const { json, texts } = callBody(fn, this.#callers.idOf(call), call, this.#options.core);
    if (sizeOver(maxMessageBytes, json, texts)) {
      call.reject(new DaemonError('limit_exceeded', `the arguments of "${call.name}" are larger than ${maxMessageBytes} bytes`));
      return;
    }
    this.#calls.set(id, call);
    call.sent = performance.now();
    this.#resourceUpdated ??= call.source?.resourceUpdated;
    call.onEnded = () => this.#abort(id, call);
    connection.send(TO_CHILD.CALL, id, json, texts);
    this.#work();
    if (call.endedBy !== undefined) this.#abort(id, call);
  }

  /** Lets running calls end, then ends the process. */
  end(): void {
    if (this.#isEnding || this.#isOver) return;
    this.#isEnding = true;
    this.#options.connection.send(TO_CHILD.END, 0, '{}');
    if (this.#calls.size === 0) this.#endSoon();
  }

  /** Kills the process. @param reason to continue "the process was ended because"; undefined: it was of no use any more */
  kill(reason?: string): void {
    this.#reason ??= reason;
    this.#isEnding ||= reason === undefined;
    this.#options.handle.kill();
  }

  /** Takes what the process wrote to descriptors 1 and 2 itself. */
  printed(stream: 'stdout' | 'stderr', text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
    this.#options.output.raw(stream, text);
  }

  /** Takes the exit of the process. */
  exited(exit: Exit | undefined, failure: string | undefined): void {
    this.#exit = exit;
    this.#hasExited = true;
    this.#wasKilled = wasKilled(exit, this.#reason);
    if (failure !== undefined) this.#reason ??= failure;
    // Its last answers may still be in the socket.
    if (this.#isConnected) this.#lastResort = setTimeout(() => this.#options.connection.destroy(), SECOND_SIGN_MS);
    else this.#over();
  }

  /** Takes the end of the connection. */
  disconnected(fault: string | undefined): void {
    this.#isConnected = false;
    if (fault !== undefined) this.#reason ??= `it broke the protocol: ${fault}`;
    if (this.#hasExited) {
      this.#over();
      return;
    }
    // A process that is ending says in a moment how it ended. One that goes on is of no use.
    setTimeout(() => this.#options.handle.kill(), fault === undefined ? DYING_MS : 0);
    this.#lastResort = setTimeout(() => this.#over(), SECOND_SIGN_MS);
  }

  /** Takes a message. @throws ProtocolFault */
  receive(message: Message): void {
    const { type, id } = message;
    switch (type) {
      case FROM_CHILD.RESULT:
        return this.#returned(id, message);
      case FROM_CHILD.ERROR:
        return this.#threw(id, message);
      case FROM_CHILD.BEGUN:
        return this.#begun(bodyOf(message)['ids']);
      case FROM_CHILD.LOADED:
      case FROM_CHILD.FAILED:
        return this.#loaded(id, type === FROM_CHILD.FAILED ? bodyOf(message) : undefined);
      case FROM_CHILD.PROGRESS:
      case FROM_CHILD.LOG:
        return notify(this.#calls.get(id), message);
      case FROM_CHILD.DIAGNOSTIC:
        return this.#options.output.diagnostic(bodyOf(message));
      case FROM_CHILD.OUTPUT:
        return this.#options.output.printed(this.#calls.get(id), bodyOf(message));
      case FROM_CHILD.RESOURCE_UPDATED:
        return this.#updated(id, bodyOf(message)['uri']);
      default:
        throw new ProtocolFault(`it sent a message of the unknown type ${type}`);
    }
  }

  #returned(id: number, message: Message): void {
    const call = this.#running(id);
    const value = valueOf(message, this.#options.core, call.source !== undefined);
    this.#settled(id, call);
    call.resolve(value);
    release(call);
    if (this.#calls.size === 0) this.#rest();
  }

  #threw(id: number, message: Message): void {
    const call = this.#running(id);
    const error = errorOf(message, this.#options.core);
    this.#settled(id, call);
    this.#options.output.failure(call, error);
    call.reject(error);
    release(call);
    if (this.#calls.size === 0) this.#rest();
  }

  /** @throws ProtocolFault if it is not running */
  #running(id: number): PendingCall {
    const call = this.#calls.get(id);
    if (call === undefined) throw new ProtocolFault(`it answered call ${id}, which is not running`);
    return call;
  }

  #settled(id: number, call: PendingCall): void {
    this.#calls.delete(id);
    call.onEnded = undefined;
    call.onSettled?.();
  }

  #begun(ids: unknown): void {
    if (!Array.isArray(ids)) throw new ProtocolFault('BEGUN has no list of ids');
    for (const id of ids as unknown[]) {
      const call = this.#calls.get(id as number);
      if (call === undefined) throw new ProtocolFault(`it began call ${String(id)}, which is not running`);
      call.begun = true;
    }
  }

  #loaded(id: number, failure: Record<string, unknown> | undefined): void {
    const stack = failure?.['stack'];
    if (typeof stack === 'string') this.#options.logger.debug({ child: this.pid, stack }, String(failure?.['message']));
    this.#functions.end(id, failure === undefined ? undefined : failureOf(failure));
    if (this.#calls.size === 0) this.#rest();
  }

  #updated(id: number, uri: unknown): void {
    if (typeof uri !== 'string') throw new ProtocolFault('RESOURCE_UPDATED has no URI');
    const call = this.#calls.get(id);
    // All calls of a child are of one partition, and that is all that matters here.
    if (call === undefined) this.#resourceUpdated?.(uri);
    else call.context.resourceUpdated?.(uri);
  }

  #abort(id: number, call: PendingCall): void {
    this.#options.connection.send(TO_CHILD.ABORT, id, JSON.stringify({ reason: call.endedBy }));
    this.#aborts.watch(call);
  }

  /** There is work: the connection keeps the daemon's process from ending. */
  #work(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#options.connection.hold(true);
    if (this.#quiet === undefined) this.#options.handle.busy(true);
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
  }

  /** There are no more calls. */
  #rest(): void {
    if (this.#functions.isLoading || !this.#isBusy) return;
    this.#isBusy = false;
    this.#options.connection.hold(false);
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.#options.handle.busy(false);
    }, QUIET_MS).unref();
    if (this.#isEnding) this.#endSoon();
    else this.onIdle();
  }

  /** Kills the process, if it does not end by itself. */
  #endSoon(): void {
    this.#lastResort ??= setTimeout(() => this.#options.handle.kill(), this.#options.graceMs).unref();
  }

  #failLoads(): void {
    if (this.#functions.isLoading) this.#functions.fail(this.loadError());
  }

  #describe(): string {
    return describeEnd({ exit: this.#exit, reason: this.#reason, output: this.#tail, ...this.#options.limits });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#lastResort);
    clearTimeout(this.#quiet);
    const { logger, counters } = this.#options;
    const what = this.#describe();
    const wasWanted = this.#isEnding && this.#calls.size === 0 && this.#reason === undefined;
    if (!wasWanted) {
      counters.crashes += 1;
      logger.error({ child: this.pid, calls: this.#calls.size }, `a child process ${what}`);
    }
    this.#resolveOver();
    this.#failLoads();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.onOver();
    for (const call of calls) {
      call.onEnded = undefined;
      call.onSettled?.();
      if (!call.begun && call.endedBy === undefined && call.attempts < MAX_ATTEMPTS) {
        call.attempts += 1;
        this.onAgain(call);
      } else {
        call.reject(new ProcessEndedError(`The process that ran "${call.name}" ${what}.`));
      }
    }
  }
}
