/** The port of runners, which run functions' code. Adapters pass one contract suite (`contract/runner.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { LinkBinding } from './definition.js';

/** A function that is ready to be called. */
export interface ResolvedFunction {
  /**
   * Calls the function.
   *
   * @param input a tool's or prompt's arguments, a resource's URI, or the text to complete
   * @param context the `FunctionContext` of the call; its `signal` is aborted when the call is over
   * @returns what the function returns: a value, a promise, or a generator whose values are progress
   * @throws what the function throws (or the promise rejects with it)
   */
  call(input: unknown, context: unknown): unknown;
  /** Digest of the function's code, for the call record; null if it is not known. */
  readonly digest: string | null;
}

/** The processes of a runner: what runs now, and counts since the start. */
export interface RunnerCounts {
  /** Child processes now. */
  children: number;
  /** Child processes that were started. */
  starts: number;
  /** Child processes that could not be started. */
  failedStarts: number;
  /** Child processes that ended by themselves, or were killed for what they did. */
  crashes: number;
  /** Child processes that were killed because a call did not end. */
  kills: number;
  /** Times that newer code took the place of older code. */
  swaps: number;
  /** Times that newer code could not be loaded, and the older code stayed. */
  failedSwaps: number;
  /** Modules whose newest code cannot be loaded, so that older code runs. */
  outdated: number;
}

/** How a log-in at another server is. */
export interface LoginStatus {
  /** `ending`: it ends soon, or cannot be renewed any more; `needed`: there is none, or it has ended. */
  readonly state: 'ok' | 'ending' | 'needed';
  /** When a new log-in is needed, in milliseconds since 1970. Absent: that is not known. */
  readonly ends?: number;
  /** Why it cannot be renewed, in the words of the other side. */
  readonly problem?: string;
}

/** Another MCP server that functions run on. */
export interface ServerStatus {
  /** Its name in the config. */
  readonly name: string;
  /** `idle`: not needed yet. */
  readonly state: 'idle' | 'starting' | 'ready' | 'down';
  /** Why it cannot be used. */
  readonly failure?: string;
  /** What it says of itself. */
  readonly server?: { readonly name: string; readonly version: string };
  /** The protocol version that it is spoken to with. */
  readonly protocol?: string;
  /** Functions of it that are served. */
  readonly functions: number;
  /** Functions of it that are not served, and why. */
  readonly leftOut: readonly { readonly kind: string; readonly name: string; readonly why: string }[];
  /** How many changes were not approved; see `pin` of the config. */
  readonly changes: number;
  /** Requests that it has not answered yet. */
  readonly pending: number;
  /** How often it was started. */
  readonly starts: number;
  /** The log-in of an operator, if the server has one. */
  readonly login?: LoginStatus;
}

/** Runs the functions of some links: in this process, in another one, or on another server. */
export interface Runner {
  /** Whether this runner runs the link's function. It must be quick, and use only the link. */
  accepts(link: LinkBinding): boolean;
  /**
   * Loads the function's code. The caller caches the result by link object and partition until `forget`. A failure is not cached:
   * the next call tries again. Partitions share no state.
   *
   * @throws DaemonError `module_not_found`, `module_failed` (its code threw while it was loaded, or its class could not be
   * built) or `function_not_found`
   */
  resolve(link: LinkBinding, partition: string): Awaitable<ResolvedFunction>;
  /** Drops the code of matching links, so that the next `resolve` loads it again. Running calls end on the old code. */
  forget(which: (link: LinkBinding, partition: string) => boolean): void;
  /**
   * Called when the first client subscribes to a resource of the link, and when the last one has ended that. Default: functions say
   * themselves when a resource has changed.
   */
  follow?(link: LinkBinding, partition: string, uri: string, on: boolean): void;
  /** The other servers that it calls; undefined: there are none. It is cheap. */
  servers?(): readonly ServerStatus[] | undefined;
  /** What it has counted, if it runs code in other processes; undefined: it has not begun. It is cheap. */
  counts?(): RunnerCounts | undefined;
  /** Ends watchers and child processes. A second call does nothing. */
  close?(): Awaitable<void>;
}
