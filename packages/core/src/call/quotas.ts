/**
 * Admits calls by the quotas of their function, caller and partition.
 *
 *     enter  ->  used up this minute?  -> refused, with the time to come back
 *            ->  too many run at once? -> waits in a queue, in order; a full queue refuses
 *            ->  runs; `leave` lets the next one in
 *
 * A call without any quota never gets here.
 */
import type { Awaitable } from '../base/awaitable.js';
import { MinuteWindow } from '../base/minute-window.js';
import { wholeSeconds } from '../base/seconds.js';
import type { CallFilters } from '../ports/call-record.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { CatalogQuotas, Quota, QuotaScope } from '../ports/quota.js';
import { DEFAULT_QUEUE } from '../ports/quota.js';

/** A call that asks to run. */
export interface QuotaRequest {
  partition: string;
  subject: string;
  definition: FunctionDefinition;
  /** The quotas of the catalog. */
  quotas: CatalogQuotas | undefined;
  /** Whether the call counts for `per_minute`. False: it was counted, and runs again with the answers of its user. */
  counts: boolean;
  /** Aborted when the call is over: it no longer waits. */
  signal: AbortSignal;
  /** Milliseconds that the call may wait. */
  waitMs: number;
}

/** A call may run. */
export interface Admission {
  kind: 'admitted';
  /** To be called once, when the call has ended. */
  leave(): void;
}

/** A call may not run now. */
export interface Refusal {
  kind: 'refused';
  /** What is used up and when to come back, for the model. */
  message: string;
  retryAfterMs: number;
}

/** The call was over before it could run. */
export interface GaveUp {
  kind: 'gave_up';
}

/** What quotas have counted since the start. */
export interface QuotaStats {
  /** Calls that wait now. */
  waiting: number;
  /** Calls that were refused, by whose quota it was. */
  refused: Record<QuotaScope, number>;
}

/** Admits calls. */
export interface Quotas {
  /** Whether any quota concerns a call of this function. If not, `enter` need not be called. */
  concerns(definition: FunctionDefinition, quotas: CatalogQuotas | undefined): boolean;
  /** Waits until the call may run, or refuses it. Without a promise where it need not wait. It never throws. */
  enter(request: QuotaRequest): Awaitable<Admission | Refusal | GaveUp>;
  stats(): QuotaStats;
}

/** The calls of the last minute, from the records. */
export interface RecentCalls {
  calls: number;
  /** How long they ran, together. */
  ms: number;
}

/** What {@link createQuotas} takes. */
export interface QuotasOptions {
  /** Quotas of every partition and every caller, besides those of catalogs. Both hold. */
  defaults?: CatalogQuotas;
  /**
   * Reads the calls of the last minute, so that a restart does not give everybody a new minute. A failure counts as no calls.
   */
  recent(partition: string, filters: CallFilters): Promise<RecentCalls>;
  /** Milliseconds of a clock that never goes back. Default: `performance.now`. */
  now?: () => number;
}

/** A call that waits at a gate. */
interface Waiter {
  /** Tries again to run. */
  retry(): void;
}

/** One quota of one function, caller or partition, and what is used of it. */
interface Gate {
  readonly scope: QuotaScope;
  /** What it is the quota of, for messages. */
  readonly what: string;
  readonly quota: Quota;
  /** Calls and running time of the last minute; undefined where the quota has no such limit. */
  readonly calls: MinuteWindow | undefined;
  readonly ms: MinuteWindow | undefined;
  running: number;
  /** In order of arrival; a Set, because any of them may give up. */
  readonly waiters: Set<Waiter>;
  /** Set while the calls before the start are read. */
  loading: Promise<void> | undefined;
  /** When it was last used. */
  usedAt: number;
}

/** With more gates than this, unused ones are dropped now and then. */
const MANY_GATES = 1_000;
const MINUTE_MS = 60_000;

/** Sums of parts of calls and of milliseconds are not exact: {@link MinuteWindow.addEvenly} adds sixtieths. */
const ROUNDING = 1e-6;

const seconds = (ms: number): string => {
  const whole = Math.max(1, wholeSeconds(ms));
  return whole === 1 ? '1 second' : `${whole} seconds`;
};

const times = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Why a gate does not let a call begin in this minute; undefined: it does. */
function usedUp({ what, quota, calls, ms }: Gate, now: number): Omit<Refusal, 'kind'> | undefined {
  const { per_minute: most, ms_per_minute: mostMs } = quota;
  if (most !== undefined && calls !== undefined && calls.total(now) + 1 > most + ROUNDING) {
    const retryAfterMs = Math.max(1_000, calls.untilBelow(most - 1 + ROUNDING, now));
    const limit = `${what} is limited to ${times(most, 'call')} a minute, and they are used up`;
    return { message: `${limit}. Wait ${seconds(retryAfterMs)}, then call it again.`, retryAfterMs };
  }
  if (mostMs !== undefined && ms !== undefined && ms.total(now) >= mostMs - ROUNDING) {
    const retryAfterMs = Math.max(1_000, ms.untilBelow(mostMs - ROUNDING, now));
    const limit = `${what} is limited to ${mostMs} ms of running time a minute, and they are used up`;
    return { message: `${limit}. Wait ${seconds(retryAfterMs)}, then call it again.`, retryAfterMs };
  }
  return undefined;
}

const isFull = ({ quota, running }: Gate): boolean => quota.concurrent !== undefined && running >= quota.concurrent;

/** The refusal of a call that cannot even wait. */
function queueFull({ what, quota, waiters }: Gate): Omit<Refusal, 'kind'> {
  const waiting = waiters.size === 0 ? '' : `, and ${times(waiters.size, 'more call')} wait${waiters.size === 1 ? 's' : ''}`;
  const limit = `${what} is limited to ${times(quota.concurrent ?? 0, 'call')} at once${waiting}`;
  return { message: `${limit}. Try again in 5 seconds.`, retryAfterMs: 5_000 };
}

/** The refusal of a call that has waited too long. */
function tooLong({ what, quota }: Gate, waitMs: number): Omit<Refusal, 'kind'> {
  const limit = `${what} is limited to ${times(quota.concurrent ?? 0, 'call')} at once, and none ended within ${seconds(waitMs)}`;
  return { message: `${limit}. Try again in 30 seconds.`, retryAfterMs: 30_000 };
}

/** Creates the quotas of a daemon. */
export function createQuotas({ defaults = {}, recent, now = () => performance.now() }: QuotasOptions): Quotas {
  const gates = new Map<string, Gate>();
  const refused: Record<QuotaScope, number> = { function: 0, subject: 0, partition: 0 };
  let sweepAt = MANY_GATES;
  const hasDefaults = defaults.partition !== undefined || defaults.subject !== undefined;

  /** Drops gates that say nothing any more. */
  function sweep(at: number): void {
    for (const [key, gate] of gates)
      if (gate.running === 0 && gate.waiters.size === 0 && at - gate.usedAt > MINUTE_MS) gates.delete(key);
    sweepAt = Math.max(MANY_GATES, gates.size * 2);
  }

  async function load(gate: Gate, partition: string, filters: CallFilters): Promise<void> {
    const found = await recent(partition, filters).catch(() => ({ calls: 0, ms: 0 }));
    const at = now();
    gate.calls?.addEvenly(found.calls, at);
    gate.ms?.addEvenly(found.ms, at);
    gate.loading = undefined;
  }

  function gateOf(scope: QuotaScope, what: string, quota: Quota, partition: string, filters: CallFilters, source: string): Gate {
    const { concurrent, per_minute, ms_per_minute } = quota;
    // A changed quota is a new gate. Calls that run on the old one do not count for it.
    const key = JSON.stringify([
      scope,
      source,
      partition,
      filters.name ?? filters.updated_by,
      concurrent,
      per_minute,
      ms_per_minute,
    ]);
    let gate = gates.get(key);
    if (gate === undefined) {
      if (gates.size >= sweepAt) sweep(now());
      const calls = per_minute === undefined ? undefined : new MinuteWindow();
      const ms = ms_per_minute === undefined ? undefined : new MinuteWindow();
      gate = { scope, what, quota, calls, ms, running: 0, waiters: new Set(), loading: undefined, usedAt: 0 };
      gates.set(key, gate);
      if (calls !== undefined || ms !== undefined) gate.loading = load(gate, partition, filters);
    }
    gate.usedAt = now();
    return gate;
  }

  /** The gates of a call: the most special one first, because its message says most. */
  function gatesOf({ partition, subject, definition, quotas }: QuotaRequest): Gate[] {
    const found: Gate[] = [];
    const { name, quota } = definition;
    if (quota !== undefined) found.push(gateOf('function', `"${name}"`, quota, partition, { name }, 'catalog'));
    for (const [source, { subject: own, partition: all }] of [
      ['catalog', quotas ?? {}],
      ['daemon', defaults],
    ] as const) {
      if (own !== undefined) found.push(gateOf('subject', 'Each user', own, partition, { updated_by: subject }, source));
      if (all !== undefined) found.push(gateOf('partition', 'This server', all, partition, {}, source));
    }
    return found;
  }

  function refuse(gate: Gate, why: Omit<Refusal, 'kind'>): Refusal {
    refused[gate.scope] += 1;
    return { kind: 'refused', ...why };
  }

  function admit(passed: readonly Gate[]): Admission {
    for (const gate of passed) gate.running += 1;
    const began = now();
    return {
      kind: 'admitted',
      leave() {
        const at = now();
        for (const gate of passed) {
          gate.running -= 1;
          gate.usedAt = at;
          gate.ms?.add(at - began, at);
        }
        // A call that is retried begins here, or waits at another gate.
        for (const gate of passed)
          for (const next of gate.waiters) {
            if (isFull(gate)) break;
            next.retry();
          }
      },
    };
  }

  /** Waits at the first full gate, then at the next one that is full by then. */
  function wait(passed: readonly Gate[], first: Gate, { signal, waitMs }: QuotaRequest): Promise<Admission | Refusal | GaveUp> {
    return new Promise((resolve) => {
      let at = first;
      const timer = setTimeout(() => stop(refuse(at, tooLong(at, waitMs))), waitMs);
      const waiter: Waiter = {
        retry() {
          at.waiters.delete(waiter);
          const full = passed.find(isFull);
          if (full === undefined) return stop(admit(passed));
          // A queue may be exceeded here: the call has waited already, and was admitted to the first one.
          at = full;
          at.waiters.add(waiter);
        },
      };
      const giveUp = (): void => stop({ kind: 'gave_up' });
      function stop(end: Admission | Refusal | GaveUp): void {
        at.waiters.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(end);
      }
      at.waiters.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  function decide(passed: readonly Gate[], request: QuotaRequest): Awaitable<Admission | Refusal | GaveUp> {
    const { counts, signal } = request;
    if (signal.aborted) return { kind: 'gave_up' };
    const at = now();
    if (counts)
      for (const gate of passed) {
        const why = usedUp(gate, at);
        if (why !== undefined) return refuse(gate, why);
      }
    const full = passed.find(isFull);
    const closed = passed.find((gate) => isFull(gate) && gate.waiters.size >= (gate.quota.queue ?? DEFAULT_QUEUE));
    if (closed !== undefined) return refuse(closed, queueFull(closed));
    if (counts) for (const { calls } of passed) calls?.add(1, at);
    return full === undefined ? admit(passed) : wait(passed, full, request);
  }

  return {
    concerns: (definition, quotas) => hasDefaults || quotas !== undefined || definition.quota !== undefined,
    enter(request) {
      const passed = gatesOf(request);
      const loading = passed.flatMap((gate) => gate.loading ?? []);
      return loading.length === 0 ? decide(passed, request) : Promise.all(loading).then(() => decide(passed, request));
    },
    stats() {
      let waiting = 0;
      for (const { waiters } of gates.values()) waiting += waiters.size;
      return { waiting, refused: { ...refused } };
    },
  };
}
