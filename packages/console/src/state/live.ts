/** The calls of a partition as they happen. One stream serves all pages; it lasts as long as the console watches the partition. */
import { batch, effect, signal } from '@preact/signals';

import { watch } from '../api/events.js';
import { Failure } from '../api/failure.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { access, isGranted, noteFailure, returns, sessionState } from './session.js';

/** A call, as events describe it. */
export interface LiveCall {
  readonly id: string;
  readonly name: string;
  /** `tool`, `resource` or `prompt`. */
  readonly type: string;
  readonly subject: string;
  readonly revision: string;
  /** When this page heard of it, in milliseconds since 1970. */
  readonly at: number;
  /** `in_process` until it has ended. */
  readonly status: string;
  readonly fault: string | undefined;
  /** Milliseconds. */
  readonly timeSpent: number | undefined;
}

/** How many calls the page keeps. */
const MAX_CALLS = 200;

/** Whether events arrive; a {@link Failure} where they never will. */
export const liveState = signal<'connecting' | 'live' | 'lost' | Failure>('connecting');
/** The newest calls, newest first. */
export const liveCalls = signal<readonly LiveCall[]>([]);
/** How many calls have ended since the page watches: pages load again when it changes. */
export const settled = signal(0);
/** Counts changes of the catalog. */
export const catalogChanges = signal(0);
/** Whether events are missing from the list. */
export const hasGap = signal(false);
/** While true, new calls wait in the background. */
export const isPaused = signal(false);

const waiting: LiveCall[] = [];
let scheduled = false;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function callOf(event: JsonObject & { readonly type: string }, known: LiveCall | undefined): LiveCall {
  const ended = event.type === 'call_settled';
  return {
    id: textOf(event['callId']),
    name: textOf(event['name']),
    type: textOf(event['mcp_type']),
    subject: textOf(event['subject']),
    revision: textOf(event['revision']),
    at: known?.at ?? Date.now(),
    status: ended ? textOf(event['status']) : 'in_process',
    fault: ended && typeof event['fault'] === 'string' ? event['fault'] : undefined,
    timeSpent: typeof event['time_spent'] === 'number' ? event['time_spent'] : undefined,
  };
}

/** Puts what has arrived into the list: once per frame, however many events there were. */
function flush(): void {
  scheduled = false;
  if (isPaused.value || waiting.length === 0) return;
  const byId = new Map(liveCalls.value.toReversed().map((call) => [call.id, call]));
  for (const call of waiting.splice(0)) byId.set(call.id, { ...call, at: byId.get(call.id)?.at ?? call.at });
  liveCalls.value = [...byId.values()].reverse().slice(0, MAX_CALLS);
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  // A hidden page gets no frames.
  if (document.hidden) setTimeout(flush, 1_000);
  else requestAnimationFrame(flush);
}

function receive(event: JsonObject & { readonly type: string }): void {
  if (event.type === 'call_started' || event.type === 'call_settled') {
    waiting.push(callOf(event, undefined));
    if (waiting.length > 2 * MAX_CALLS) waiting.splice(0, waiting.length - 2 * MAX_CALLS);
    if (event.type === 'call_settled') settled.value += 1;
    schedule();
  } else if (event.type === 'gap') hasGap.value = true;
  else if (event.type === 'list_changed') catalogChanges.value += 1;
}

/** Shows what has waited. */
export function resume(): void {
  isPaused.value = false;
  flush();
}

/** How many calls wait while the list is paused. */
export const waitingCount = (): number => new Set(waiting.map(({ id }) => id)).size;

/** Watches the partition of now while the user is logged in. Called once, when the page starts. */
export function followEvents(): void {
  let shown: string | undefined;
  effect(() => {
    const state = sessionState.value;
    const current = access.value;
    if (state !== 'in' || !isGranted.value) return;
    const controller = new AbortController();
    batch(() => {
      liveState.value = 'connecting';
      if (shown === current.partition) return; // the user has only logged in again
      waiting.length = 0;
      liveCalls.value = [];
      hasGap.value = false;
    });
    shown = current.partition;
    void watch(
      current,
      {
        onEvent: (event) => isObject(event) && receive(event),
        onState(next) {
          if (next === 'live' && liveState.peek() === 'lost') returns.value += 1;
          liveState.value = next;
          if (next instanceof Failure) noteFailure(next);
        },
      },
      controller.signal,
    );
    return () => controller.abort();
  });
}
