/** The live events of a partition: what happens to its calls and its catalog, while it happens. */
import type { JsonObject } from '../base/json.js';
import { isObject, parseJson } from '../base/json.js';
import { Failure, failureOf } from './failure.js';
import type { Access } from './request.js';
import { send } from './request.js';
import { eventsOf } from './sse.js';

/** What a watcher is told. */
export interface WatchHandlers {
  /** An event of the server. */
  readonly onEvent: (event: JsonObject & { readonly type: string }) => void;
  /** `live`: events follow as they happen; `lost`: the connection is being made again; else why there will be none. */
  readonly onState: (state: 'connecting' | 'live' | 'lost' | Failure) => void;
}

/** Waits between attempts, in milliseconds; the last one is repeated. */
const WAITS = [500, 1_000, 2_000, 5_000, 10_000];

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/**
 * Watches until the signal is aborted or the server refuses. After a lost connection it goes on with the event after the last one
 * that it has seen.
 */
export async function watch(access: Access, { onEvent, onState }: WatchHandlers, signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  onState('connecting');
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      const { body } = await send('/events', access, { headers, signal });
      if (body === null) throw new Failure('offline', 'The stream of events is empty.');
      for await (const { data, id } of eventsOf(body)) {
        lastId = id ?? lastId;
        const parsed = parseJson(data);
        if (!('value' in parsed) || !isObject(parsed.value)) continue;
        const { type } = parsed.value;
        if (type === 'ready') {
          failures = 0;
          onState('live');
        } else if (typeof type === 'string') onEvent({ ...parsed.value, type });
      }
      // The server ends a stream after an hour, and when it shuts down.
    } catch (error) {
      if (signal.aborted) return;
      const failure = failureOf(error);
      if (failure.kind === 'login' || failure.kind === 'forbidden' || failure.kind === 'missing') return onState(failure);
    }
    if (signal.aborted) return;
    onState('lost');
    await sleep(WAITS[Math.min(failures, WAITS.length - 1)] ?? 0, signal);
    failures += 1;
  }
}
