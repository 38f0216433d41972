/**
 * The events of a daemon: changed catalogs, updated resources, calls.
 *
 * MCP clients subscribe to changes only. Events of calls are not sent to them, so calls cost nothing per open session. A follower
 * gets all events of a partition, calls included. The last events are kept, so that a follower that reconnects gets the events
 * that it missed, or learns that some are missing.
 */
import { randomBytes } from 'node:crypto';

/** A list whose changes clients are notified of. */
export type ListKind = 'tools' | 'resources' | 'prompts';

/** A change of a catalog or of a resource. */
export type CatalogEvent =
  | { type: 'list_changed'; partition: string; list: ListKind }
  | { type: 'resource_updated'; partition: string; uri: string }
  /** The content of all resources of a template may have changed. */
  | { type: 'template_updated'; partition: string; uriTemplate: string };

/** What the events of a call contain, with the field names of its record. They never contain arguments or results. */
export interface CallAnnounced {
  partition: string;
  /** The id of the call's record. */
  callId: string;
  name: string;
  mcp_type: 'tool' | 'resource' | 'prompt';
  /** The caller. */
  subject: string;
  /** Revision of the catalog that the call uses. */
  revision: string;
  /** When the call began, in milliseconds since 1970. */
  created_at: number;
  /** The client program: `name/version`. Null if it did not say, and if the call has no record. */
  client: string | null;
  /** Whether the call has a record: false if the function's record policy is `none`. */
  recorded: boolean;
}

/** A call has started, or has ended and its record is committed. */
export type CallEvent = ({ type: 'call_started' } & CallAnnounced) | ({ type: 'call_settled' } & CallAnnounced & CallEnd);

/** One event. Each event belongs to one partition, and only that partition's listeners get it. */
export type DaemonEvent = CatalogEvent | CallEvent;

/** How a call ended, for metrics. */
export interface CallEnd {
  partition: string;
  mcp_type: CallAnnounced['mcp_type'];
  name: string;
  status: 'completed' | 'failed' | 'cancelled' | 'timed_out';
  fault: 'transport' | 'protocol' | 'tool' | null;
  /** Milliseconds, with fractions. */
  time_spent: number;
}

/** Called for each event, in order. */
export type EventListener<E extends DaemonEvent = CatalogEvent> = (event: E) => void;

/** An event that is kept for followers that reconnect. */
export interface KeptEvent {
  /** Position in the history of the partition. An opaque text without line breaks. */
  readonly id: string;
  readonly event: DaemonEvent;
}

/**
 * Why the events after an id are not available: they are not kept any more, the id is of another history, or the id is in the
 * future.
 */
export type HistoryGap = 'too_old' | 'unknown' | 'future';

/** One follower of a partition. */
export interface Following {
  /** The id of the newest event. Before the first event: the id to resume from. */
  readonly position: string;
  /** The events after an id, oldest first; or why they are not available. */
  after(id: string): readonly KeptEvent[] | HistoryGap;
  /** Stops following. The kept events stay for a while, for followers that reconnect. */
  end(): void;
}

/** The bus of one daemon. */
export interface EventBus {
  /** Calls all listeners of the event's partition before it returns. If one throws, the others are still called. */
  publish(event: DaemonEvent): void;
  /** Listens to the changes of one partition. @returns a function that removes the listener */
  subscribe(partition: string, listener: EventListener): () => void;
  /** Follows all events of one partition. From now on its events are kept. */
  follow(partition: string, follower: (kept: KeptEvent) => void): Following;
  /** Whether a partition has followers, or may get one back. Check it before you create an event of a call. */
  listens(partition: string): boolean;
  /**
   * Calls `observer` for each ended call of all partitions, with or without a record. Nothing is kept. The observer must be
   * quick, because the call waits for it.
   * @returns a function that removes the observer
   */
  observe(observer: (call: CallEnd) => void): () => void;
  /** Whether there are observers. Check it before you call `settled`. */
  readonly observed: boolean;
  /** Calls all observers. If one throws, the others are still called. */
  settled(call: CallEnd): void;
}

/** Further options of {@link createEventBus}. */
export interface EventBusOptions {
  /** Number of events that are kept of one partition. Default 1,000. */
  maxKept?: number;
  /** Milliseconds that they are kept after the last follower has left. Default 2 minutes. */
  lingerMs?: number;
}

/** The form of the number in an id that a client sends. */
const ID = /^([0-9a-f]{16})-(\d{1,15})$/;

/**
 * The last events of one partition, in a ring buffer. Its name is random, so that an id of another process or of a dropped
 * history is detected. Each partition has its own counter, so its ids reveal nothing about other partitions.
 */
class History {
  readonly #epoch = randomBytes(8).toString('hex');
  readonly #max: number;
  readonly #ring: KeptEvent[] = [];
  #last = 0;
  readonly followers = new Set<(kept: KeptEvent) => void>();
  /** Drops the history if no follower reconnects. */
  lingering: NodeJS.Timeout | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get position(): string {
    return `${this.#epoch}-${this.#last}`;
  }

  keep(event: DaemonEvent): KeptEvent {
    this.#last += 1;
    const kept = { id: this.position, event };
    this.#ring[(this.#last - 1) % this.#max] = kept;
    return kept;
  }

  after(id: string): readonly KeptEvent[] | HistoryGap {
    const [, epoch, digits] = ID.exec(id) ?? [];
    if (epoch !== this.#epoch) return 'unknown';
    const number = Number(digits);
    if (number > this.#last) return 'future';
    if (this.#last - number > this.#ring.length) return 'too_old';
    const missed: KeptEvent[] = [];
    for (let next = number; next < this.#last; next += 1) missed.push(this.#ring[next % this.#max] as KeptEvent);
    return missed;
  }
}

/**
 * Creates a bus.
 *
 * @param onListenerError called with what a listener threw
 */
export function createEventBus(onListenerError: (error: unknown) => void, options: EventBusOptions = {}): EventBus {
  const { maxKept = 1_000, lingerMs = 2 * 60_000 } = options;
  const listeners = new Map<string, Set<EventListener>>();
  const histories = new Map<string, History>();
  const observers = new Set<(call: CallEnd) => void>();

  function tell<T>(told: ReadonlySet<(value: T) => void> | undefined, value: T): void {
    for (const listener of [...(told ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  function leave(partition: string, history: History): void {
    if (history.followers.size > 0) return;
    history.lingering = setTimeout(() => histories.delete(partition), lingerMs).unref();
  }

  return {
    publish(event) {
      const history = histories.get(event.partition);
      // A listener may publish too, so number the event before the listeners are called.
      if (history !== undefined) tell(history.followers, history.keep(event));
      if (event.type !== 'call_started' && event.type !== 'call_settled') tell(listeners.get(event.partition), event);
    },
    subscribe(partition, listener) {
      const set = listeners.get(partition) ?? new Set();
      listeners.set(partition, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(partition) === set) listeners.delete(partition);
      };
    },
    follow(partition, follower) {
      const history = histories.get(partition) ?? new History(maxKept);
      histories.set(partition, history);
      clearTimeout(history.lingering);
      // A new function, so that the same listener can be added twice, and a second removal does nothing.
      const told = (kept: KeptEvent): void => follower(kept);
      history.followers.add(told);
      return {
        get position() {
          return history.position;
        },
        after: (id) => history.after(id),
        end() {
          if (history.followers.delete(told)) leave(partition, history);
        },
      };
    },
    listens: (partition) => histories.size > 0 && histories.has(partition),
    observe(observer) {
      const told = (call: CallEnd): void => observer(call); // a new function, so that the same observer can be added twice
      observers.add(told);
      return () => void observers.delete(told);
    },
    get observed() {
      return observers.size > 0;
    },
    settled(call) {
      tell(observers, call);
    },
  };
}
