/**
 * Calls with an idempotency key: one operation, however often it is sent. Loaded at the first such call.
 *
 *     claim  ->  the key is new: an entry says that the call runs; it is renewed while the call runs
 *            ->  the operation has ended: its result again
 *            ->  it runs, here or in another process: waits, for a time
 *            ->  the process that ran it has ended, as the record of the call says, or as it has not renewed its entry: its outcome
 *                is unknown
 *     settle ->  the entry gets the result, or is removed if the function never began (idempotency-held.ts)
 *
 * Of several processes exactly one may write a new entry, because it is written only if there is none.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { CallRecord } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';
import type { StateEntry, StateStore } from '../ports/state.js';
import type { DetachedExchange } from './detached-exchange.js';
import { createKeyBounds } from './idempotency-bounds.js';
import type { KeyEntry } from './idempotency-entry.js';
import { About, isRepeatable, placeOf, prefixOf, readEntry } from './idempotency-entry.js';
import type { HeldPlace, HeldTools } from './idempotency-held.js';
import { HeldEntry } from './idempotency-held.js';
import type { FoundCall, HeldKey } from './running-call.js';

/** What a call with a key does next. It is plain data: keyed-calls.ts makes results and errors of it. */
export type Claim =
  /** The call runs. */
  | { kind: 'held'; held: HeldKey }
  /** The operation has this result already. `asks`: it is a question to the user. */
  | { kind: 'repeat'; result: JsonObject; callId: string; asks: boolean }
  /** A mistake of the program that sent the key. */
  | { kind: 'invalid'; message: string; data?: JsonObject }
  /** The call cannot be made now. */
  | { kind: 'later'; message: string; retryAfterMs: number; callId?: string }
  /** It is not known what the first call has done. */
  | { kind: 'unknown'; message: string; callId: string }
  /** The client has cancelled the call, or has left. */
  | { kind: 'gave_up' };

/** Calls with keys. */
export interface Idempotency {
  /**
   * Decides about a call.
   *
   * @param exchange the context that the call runs in, if it runs
   * @throws what the store throws
   */
  claim(key: string, call: FoundCall, exchange: DetachedExchange): Awaitable<Claim>;
  /** Resolves when no call with a key runs any more, or after this time. */
  drain(ms: number): Promise<void>;
  /** Ends the calls that still run, because the server shuts down. */
  abort(): void;
}

/** What {@link createIdempotency} takes. Times are milliseconds. */
export interface IdempotencyOptions {
  state: () => Promise<StateStore>;
  /** The record of a call; undefined: it has none. It says `interrupted` soon after the process of the call has ended. */
  record: (partition: string, callId: string) => Promise<CallRecord | undefined>;
  logger: Logger;
  /** JSON text of a result. */
  encode: (result: JsonObject) => string;
  /** How long results are kept. */
  keepMs: number;
  /** How long a call waits for the first one with its key. */
  waitMs: number;
  /** How long an entry says that its call runs, without being renewed. */
  leaseMs: number;
  /** Keys of one caller. */
  maxKeys: number;
  /** Size of the results of one caller's keys. */
  maxBytes: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/** One call that wants to run, or to have the result. */
interface Wanted extends HeldPlace {
  /** When the record of the first call was seen first after its end. */
  endSeenAt?: number;
}

/** How long after the end of its record a call may take to store its result. Then its process has ended in between. */
const STORED_WITHIN_MS = 5_000;
/** The pauses between two looks at the entry of a call that another process runs. */
const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 1_000;
const RETRY_MS = 5_000;
const FULL_RETRY_MS = 60_000;
/** Callers whose digests are remembered. */
const MAX_PREFIXES = 1_000;

const theFirst = (callId: string): string => `The first call with this idempotency key (${callId})`;
const CHECK = 'It may have had its effect. Check that before you call the tool again with a new key.';

/** Waits for a promise or a time, whichever is first. @param signal ends the wait, too */
function pause(ms: number, signal: AbortSignal, until?: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
    void until?.then(done);
  });
}

/** The calls of this process that hold their keys. */
function createHeldKeys() {
  const partitions = new Map<string, Map<string, HeldEntry>>();
  return {
    get isEmpty() {
      for (const { size } of partitions.values()) if (size > 0) return false;
      return true;
    },
    get: ({ partition, place }: HeldPlace) => partitions.get(partition)?.get(place),
    add({ partition, place }: HeldPlace, held: HeldEntry): void {
      let places = partitions.get(partition);
      if (places === undefined) partitions.set(partition, (places = new Map()));
      places.set(place, held);
    },
    /** Removes a key, unless another call holds it by now. */
    delete({ partition, place }: HeldPlace, held: HeldEntry): void {
      const places = partitions.get(partition);
      if (places?.get(place) === held) places.delete(place);
    },
    /** Forgets partitions. Call it when no key is held. */
    clear: () => partitions.clear(),
    *all(): Generator<HeldEntry> {
      for (const places of partitions.values()) yield* places.values();
    },
  };
}

/** Creates the keyed calls of a daemon. */
export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { state, record, logger, encode, keepMs, waitMs, leaseMs, maxKeys, maxBytes, now = Date.now } = options;
  const bounds = createKeyBounds({ maxKeys, maxBytes, now });
  const prefixes = new Map<string, string>();
  const running = createHeldKeys();
  let renewal: NodeJS.Timeout | undefined;
  /** What held keys depend on, with the store, when it is open. */
  let tools: HeldTools | undefined;

  function prefixFor(subject: string): string {
    let prefix = prefixes.get(subject);
    if (prefix === undefined) {
      if (prefixes.size >= MAX_PREFIXES) prefixes.clear();
      prefixes.set(subject, (prefix = prefixOf(subject)));
    }
    return prefix;
  }

  /** One timer renews all entries. It stops when there are none. */
  function renewAll(): void {
    for (const held of running.all()) held.renew();
    if (!running.isEmpty) return;
    running.clear();
    clearInterval(renewal);
    renewal = undefined;
  }

  function open(store: StateStore): HeldTools {
    const onEnd: HeldTools['onEnd'] = (where, held, bytes) => {
      running.delete(where, held);
      bounds.add(where.partition, where.prefix, bytes === undefined ? -1 : 0, bytes ?? 0);
    };
    return { store, logger, encode, keepMs, leaseMs, now, onEnd };
  }

  /** The claim of a call that holds its key now. */
  function holds(wanted: Wanted, held: HeldEntry): Claim {
    running.add(wanted, held);
    renewal ??= setInterval(renewAll, Math.max(1, leaseMs / 6)).unref();
    return { kind: 'held', held };
  }

  /** Tries to hold a key. @returns undefined if the entry is not the expected one any more */
  async function hold(tools: HeldTools, wanted: Wanted, expected: string | null): Promise<Claim | undefined> {
    const held = new HeldEntry(wanted, tools);
    return (await held.take(expected)) ? holds(wanted, held) : undefined;
  }

  /** Tries to hold a new key. @returns undefined if there is an entry with it; a text: why no more keys may be kept */
  async function holdNew(tools: HeldTools, wanted: Wanted): Promise<Claim | string | undefined> {
    const { partition, prefix } = wanted;
    const full = await bounds.admit(tools.store, partition, prefix);
    if (full !== undefined) return full;
    const claim = await hold(tools, wanted, null);
    if (claim === undefined) bounds.add(partition, prefix, -1, 0);
    return claim;
  }

  /** The state of the first call's record, as far as it can be read; undefined: it has none, or it cannot be read. */
  async function recorded(partition: string, callId: string): Promise<CallRecord['status'] | undefined> {
    try {
      return (await record(partition, callId))?.status;
    } catch (error) {
      logger.warn({ callId, error: String(error) }, 'the record of a call with an idempotency key cannot be read');
      return undefined;
    }
  }

  /** What follows from the record of a call that another process runs, or has run; undefined: it runs, as far as is known. */
  async function interrupted(
    tools: HeldTools,
    wanted: Wanted,
    { call, until = 0 }: KeyEntry,
    version: string,
  ): Promise<Claim | 'again' | undefined> {
    const status = await recorded(wanted.partition, call);
    const hasEnded = status !== undefined && status !== 'in_process' && status !== 'interrupted';
    if (hasEnded) wanted.endSeenAt ??= now();
    const isLost = hasEnded && now() - (wanted.endSeenAt ?? 0) >= STORED_WITHIN_MS;
    if (until > now() && status !== 'interrupted' && !isLost) return undefined;
    if (isRepeatable(wanted.call)) return (await hold(tools, wanted, version)) ?? 'again';
    const what = hasEnded
      ? `has ended (its record says "${status}"), but its result was lost with the process that ran it`
      : 'was interrupted: the process that ran it has ended';
    return { kind: 'unknown', message: `${theFirst(call)} ${what}. ${CHECK}`, callId: call };
  }

  /**
   * What an entry means for a call; undefined: it runs, so wait. 'again': it has changed meanwhile, so read it again.
   *
   * @param ask whether the record of a call that another process runs is asked
   */
  async function decide(
    tools: HeldTools,
    wanted: Wanted,
    { value, version }: StateEntry,
    ask: boolean,
  ): Promise<Claim | 'again' | undefined> {
    const { about, call } = wanted;
    const entry = readEntry(value);
    const { call: callId, until = 0 } = entry;
    if (entry.tool !== about.tool || entry.args !== about.args) {
      const what = entry.tool === about.tool ? 'with other arguments' : 'for another tool';
      const message = `Invalid params: this idempotency key was used ${what} before. Use a new key for a new call.`;
      return { kind: 'invalid', message, data: { reason: 'idempotency_key_reused', callId } };
    }
    const takeOver = async (): Promise<Claim | 'again'> => (await hold(tools, wanted, version)) ?? 'again';
    switch (entry.state) {
      case 'done':
        return { kind: 'repeat', result: entry.result ?? {}, callId, asks: false };
      case 'unknown':
        return { kind: 'unknown', message: `${theFirst(callId)} was cancelled while it ran. ${CHECK}`, callId };
      case 'asking': {
        const same = entry.round === about.round && call.request.caller.era === 'modern' && until > now();
        return same ? { kind: 'repeat', result: entry.result ?? {}, callId, asks: true } : takeOver();
      }
      case 'running':
        if (until > now() && (!ask || running.get(wanted) !== undefined)) return undefined;
        return interrupted(tools, wanted, entry, version);
    }
  }

  /** Decides about a call whose key is in the store, or may not be stored. @param full why it may not */
  async function claimKnown(tools: HeldTools, wanted: Wanted, full: string | undefined): Promise<Claim> {
    const { partition, place, call } = wanted;
    const deadline = now() + waitMs;
    let wait = FIRST_PAUSE_MS;
    for (;;) {
      const entry = await tools.store.get(partition, place);
      if (entry === undefined) {
        if (full !== undefined)
          return { kind: 'later', message: `${full}. Send the call without a key, or later.`, retryAfterMs: FULL_RETRY_MS };
        const claim = await holdNew(tools, wanted); // it was removed meanwhile
        if (typeof claim === 'string') full = claim;
        else if (claim !== undefined) return claim;
        continue;
      }
      const ask = wait === FIRST_PAUSE_MS || wait === LAST_PAUSE_MS; // at once, then once a second
      const decided = await decide(tools, wanted, entry, ask);
      if (decided === 'again') continue;
      if (decided !== undefined) return decided;
      const left = deadline - now();
      const local = running.get(wanted)?.settled();
      if (left <= 0) {
        const { call: callId } = readEntry(entry.value);
        const message = `${theFirst(callId)} still runs. Wait ${RETRY_MS / 1_000} seconds, then send the same call with the same key.`;
        return { kind: 'later', message, retryAfterMs: RETRY_MS, callId };
      }
      const { signal } = call.request.exchange; // made at its first use
      await pause(local === undefined ? Math.min(wait, left) : left, signal, local);
      if (signal.aborted) return { kind: 'gave_up' };
      wait = Math.min(wait * 2, LAST_PAUSE_MS);
    }
  }

  /** With a store that answers at once, a new key is held at once. */
  function claimFor(tools: HeldTools, wanted: Wanted): Awaitable<Claim> {
    const { partition, prefix } = wanted;
    const full = bounds.admit(tools.store, partition, prefix);
    return full instanceof Promise ? full.then((why) => admitted(tools, wanted, why)) : admitted(tools, wanted, full);
  }

  /** @param full why no more keys may be kept; undefined: they may */
  function admitted(tools: HeldTools, wanted: Wanted, full: string | undefined): Awaitable<Claim> {
    if (full !== undefined) return claimKnown(tools, wanted, full);
    const held = new HeldEntry(wanted, tools);
    const taken = held.take(null);
    return taken instanceof Promise
      ? taken.then((isTaken) => tried(tools, wanted, held, isTaken))
      : tried(tools, wanted, held, taken);
  }

  /** @param isTaken whether the key was new */
  function tried(tools: HeldTools, wanted: Wanted, held: HeldEntry, isTaken: boolean): Awaitable<Claim> {
    if (isTaken) return holds(wanted, held);
    bounds.add(wanted.partition, wanted.prefix, -1, 0);
    return claimKnown(tools, wanted, undefined);
  }

  return {
    claim(key, call, exchange) {
      const { partition, subject } = exchange;
      const prefix = prefixFor(subject);
      let about: About;
      try {
        about = new About(call);
      } catch {
        return { kind: 'invalid', message: 'Invalid params: the arguments are nested too deeply for an idempotency key.' };
      }
      const wanted: Wanted = { partition, prefix, place: placeOf(prefix, key), about, call, exchange };
      if (tools !== undefined) return claimFor(tools, wanted);
      return state().then((store) => claimFor((tools ??= open(store)), wanted));
    },
    async drain(ms) {
      const { signal } = new AbortController();
      const deadline = now() + ms;
      for (let left = ms; !running.isEmpty && left > 0; left = deadline - now())
        await pause(
          left,
          signal,
          Promise.all(Array.from(running.all(), (held) => held.settled())).then(() => undefined),
        );
    },
    abort() {
      for (const held of running.all()) held.abort();
    },
  };
}
