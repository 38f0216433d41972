/** The children that run one version of code for one partition. */
import type { Logger, ProcessLimits, Runtime } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { PendingCall } from '../host/call.js';
import { KilledError, RewrittenError, twiceIfKilled } from '../host/ended.js';
import type { Host } from '../host/host.js';
import type { Load } from '../protocol/messages.js';

/** Makes the `LOAD` of a function: the class's setting with its secrets is asked for anew. */
export type MakeLoad = () => Promise<Load>;

/** What a version takes of the pool. */
export interface VersionOptions {
  runtime: Runtime;
  root: string;
  partition: string;
  /** What a child may use. Undefined: what the server allows. */
  limits: ProcessLimits | undefined;
  /** Gives a child, or waits for one. @throws DaemonError */
  start(version: Version): Promise<Host>;
  /** Whether the code is still what this version stands for. Asked for each child. It never rejects. */
  isUnchanged(): Promise<boolean>;
  /** Called with calls that wait for a child which would have newer code. It ends all of them. */
  onRewritten(version: Version, calls: readonly PendingCall[]): void;
  /** Called when a child has ended. */
  onOver(version: Version): void;
  /** Children that may run this version at the same time. */
  maxChildren: number;
  /** Milliseconds without calls after which a child ends. */
  idleMs: number;
  /** Milliseconds for which a call waits to begin before another child is started. */
  growMs: number;
  /** Calls that wait for a child. */
  maxWaiting: number;
  logger: Logger;
}

/** The children of one version. */
export class Version {
  readonly options: VersionOptions;
  readonly #hosts: Host[] = [];
  readonly #idle = new Map<Host, NodeJS.Timeout>();
  readonly #functions = new Map<string, MakeLoad>();
  #starting: Promise<Host> | undefined;
  #waiting: PendingCall[] = [];
  #growing: NodeJS.Timeout | undefined;
  #isRetired = false;

  constructor(options: VersionOptions) {
    this.options = options;
  }

  /** Number of children. */
  get children(): number {
    return this.#hosts.length + (this.#starting === undefined ? 0 : 1);
  }

  /** The functions that are in use, to load them in a newer version. */
  get functions(): ReadonlyMap<string, MakeLoad> {
    return this.#functions;
  }

  /** Loads a function in a child, and starts one if there is none. @throws DaemonError, RewrittenError */
  async load(key: string, makeLoad: MakeLoad): Promise<void> {
    await twiceIfKilled(async () => {
      const running = this.#hosts.find((candidate) => candidate.isUp);
      const host = running ?? (await this.#start());
      if (host.functionId(key) === undefined) await host.load(key, await makeLoad());
      if (running === undefined) await this.#checkCode();
    });
    this.#functions.set(key, makeLoad);
  }

  /** Calls a function that was loaded. */
  call(call: PendingCall): void {
    const host = this.#pick();
    const fn = host?.functionId(call.key);
    if (host !== undefined && fn !== undefined) {
      this.#send(host, fn, call);
      return;
    }
    if (host !== undefined) {
      this.#loadAndCall(host, call);
      return;
    }
    if (this.#waiting.length >= this.options.maxWaiting) {
      call.reject(
        new DaemonError('overloaded', `too many calls of "${call.name}" wait for a process; try again in a few seconds`),
      );
      return;
    }
    this.#waiting.push(call);
    call.onEnded = () => {
      this.#waiting = this.#waiting.filter((other) => other !== call);
      call.reject(new DaemonError('internal_error', 'the call was ended before it began'));
    };
    this.#start().catch((error: unknown) => this.#refuseWaiting(error));
  }

  /** @throws RewrittenError: a child that starts now, or has just started, may have newer code */
  async #checkCode(): Promise<void> {
    if (!(await this.options.isUnchanged())) throw new RewrittenError();
  }

  /** No new calls come. Children end after their running calls. @returns the children */
  retire(): Host[] {
    this.#isRetired = true;
    const hosts = [...this.#hosts];
    for (const host of hosts) this.#end(host);
    return hosts;
  }

  /** Ends a child without calls. @returns false if there is none */
  endIdle(): boolean {
    const host = this.#hosts.find(({ size }) => size === 0);
    if (host === undefined) return false;
    this.#end(host);
    return true;
  }

  /** Process ids of the children. */
  get pids(): number[] {
    return this.#hosts.map(({ pid }) => pid);
  }

  #send(host: Host, fn: number, call: PendingCall): void {
    const timer = this.#idle.get(host);
    if (timer !== undefined) {
      clearTimeout(timer);
      this.#idle.delete(host);
    }
    host.call(fn, call);
    if (this.#growing === undefined && this.#hosts.length < this.options.maxChildren) this.#growSoon();
  }

  #loadAndCall(host: Host, call: PendingCall): void {
    const { key } = call;
    const makeLoad = this.#functions.get(key);
    if (makeLoad === undefined) {
      call.reject(new DaemonError('internal_error', `"${call.name}" was not loaded`));
      return;
    }
    makeLoad()
      .then((load) => host.load(key, load))
      .then(
        (fn) => (host.isUp ? this.#send(host, fn, call) : this.call(call)),
        (error: unknown) => this.#again(call, error),
      );
  }

  /** Loading failed. If the child was killed from outside, the call is made once more, in another one. */
  #again(call: PendingCall, error: unknown): void {
    if (error instanceof KilledError && call.attempts === 0 && call.endedBy === undefined) {
      call.attempts += 1;
      this.call(call);
    } else call.reject(error);
  }

  /** The child for the next call: the one with the fewest, of those that are not stuck. */
  #pick(): Host | undefined {
    let best: Host | undefined;
    for (const host of this.#hosts) {
      if (!host.isUp) continue;
      if (
        best === undefined ||
        Number(host.isSuspect) - Number(best.isSuspect) < 0 ||
        (host.isSuspect === best.isSuspect && host.size < best.size)
      )
        best = host;
    }
    const isStuck = best?.isSuspect === true;
    return isStuck && this.#hosts.length < this.options.maxChildren ? undefined : best;
  }

  /** Looks a moment later whether calls wait to begin. */
  #growSoon(): void {
    this.#growing = setTimeout(() => {
      this.#growing = undefined;
      const now = performance.now();
      const { growMs, maxChildren } = this.options;
      const running = this.#hosts.filter(({ size }) => size > 0);
      if (running.length === 0) return;
      const isBlocked = running.length === this.#hosts.length && running.every((host) => host.waitedMs(now) >= growMs);
      // Those that run go on.
      if (isBlocked && this.children < maxChildren) this.#start().catch((error: unknown) => this.#refuseWaiting(error));
      this.#growSoon();
    }, this.options.growMs).unref();
  }

  #start(): Promise<Host> {
    return (this.#starting ??= twiceIfKilled(() => this.#add()).finally(() => (this.#starting = undefined)));
  }

  async #add(): Promise<Host> {
    // The first child has nothing loaded yet: `load` looks after it.
    const mayDiffer = this.#functions.size > 0;
    if (mayDiffer) await this.#checkCode();
    const host = await this.options.start(this);
    host.onOver = () => this.#remove(host);
    host.onIdle = () => this.#rest(host);
    for (const [key, makeLoad] of this.#functions) {
      // Functions that do not load any more are reported to their own calls.
      await makeLoad()
        .then((load) => host.load(key, load))
        .catch(() => undefined);
    }
    if (mayDiffer && !(await this.options.isUnchanged())) {
      host.end();
      throw new RewrittenError();
    }
    host.onAgain = (call) => this.call(call);
    if (!host.isUp) {
      await host.over; // then it is known why
      throw host.loadError();
    }
    this.#hosts.push(host);
    this.#rest(host);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) {
      call.onEnded = undefined;
      this.call(call);
    }
    if (this.#isRetired) this.#end(host); // after these calls
    return host;
  }

  #refuseWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.onEnded = undefined;
    if (error instanceof RewrittenError) this.options.onRewritten(this, waiting);
    else for (const call of waiting) call.reject(error);
  }

  #rest(host: Host): void {
    if (host.size > 0 || this.#idle.has(host)) return;
    const timer = setTimeout(() => this.#end(host), this.options.idleMs).unref();
    this.#idle.set(host, timer);
  }

  #end(host: Host): void {
    this.#remove(host);
    host.end();
  }

  #remove(host: Host): void {
    clearTimeout(this.#idle.get(host));
    this.#idle.delete(host);
    const index = this.#hosts.indexOf(host);
    if (index >= 0) this.#hosts.splice(index, 1);
    this.options.onOver(this);
  }
}
