/**
 * What happens in a daemon, told to whoever listens: catalogs that change, resources that were updated, calls.
 *
 * Clients of MCP subscribe to what changes; calls are nothing to them, however many sessions are open. Whoever watches a
 * partition follows it: calls are told too, and the last events are kept, so that a follower that was away for a moment finds
 * what it missed, or is told that something is missing.
 */
import { randomBytes } from 'node:crypto';

/** A list that clients hold and that changed. */
export type ListKind = 'tools' | 'resources' | 'prompts';

/** Something that clients hold reads differently now. */
export type CatalogEvent =
  | { type: 'list_changed'; partition: string; list: ListKind }
  | { type: 'resource_updated'; partition: string; uri: string }
  /** Every resource of a template may read differently now. */
  | { type: 'template_updated'; partition: string; uriTemplate: string };

/** What the events of one call say of it: in the words of its record, and never what it was given or gave. */
export interface CallAnnounced {
  partition: string;
  /** The id of its record. */
  callId: string;
  name: string;
  mcp_type: 'tool' | 'resource' | 'prompt';
  /** Who calls. */
  subject: string;
  /** Revision of the catalog that it is made on. */
  revision: string;
}

/** A call begins, or has ended and is on record. */
export type CallEvent = ({ type: 'call_started' } & CallAnnounced) | ({ type: 'call_settled' } & CallAnnounced & CallEnd);

/** One event. Every event belongs to one partition and reaches no other. */
export type DaemonEvent = CatalogEvent | CallEvent;

/** How a call of any partition ended: what can be counted of it. */
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

/** An event that is kept for those who come back. */
export interface KeptEvent {
  /** Where it stands in the history of its partition. It has no line break, and nobody needs to know what it means. */
  readonly id: string;
  readonly event: DaemonEvent;
}

/** Why what came after an event cannot be told: it is no longer kept, its history is another one, or it is yet to come. */
export type HistoryGap = 'too_old' | 'unknown' | 'future';

/** One follower's place in a partition. */
export interface Following {
  /** The id of the newest event; before the first one, where it will come after. */
  readonly position: string;
  /** The events that came after an id, oldest first; or why they cannot be told. */
  after(id: string): readonly KeptEvent[] | HistoryGap;
  /** Ends it. What is kept stays for a while, for those who come back. */
  end(): void;
}

/** The bus of one daemon. */
export interface EventBus {
  /** Tells everybody whom the event concerns, before it returns. A listener that throws harms no other. */
  publish(event: DaemonEvent): void;
  /** Listens to what changes in one partition; the function returned ends it. */
  subscribe(partition: string, listener: EventListener): () => void;
  /** Follows everything in one partition; what happens there is kept from now on. */
  follow(partition: string, follower: (kept: KeptEvent) => void): Following;
  /** Whether anybody follows a partition, or may come back to it. To be asked before an event of a call is made. */
  listens(partition: string): boolean;
  /**
   * Tells of every call that has settled, in all partitions, with or without a record; nothing is kept. It is called in the
   * middle of the work: it has to be quick. The function returned ends it.
   */
  observe(observer: (call: CallEnd) => void): () => void;
  /** Whether anybody observes. To be asked before `settled`. */
  readonly observed: boolean;
  /** Tells the observers. One that throws harms no other. */
  settled(call: CallEnd): void;
}

/** What {@link createEventBus} takes besides. */
export interface EventBusOptions {
  /** Events that are kept of one partition. Default 1,000. */
  maxKept?: number;
  /** Milliseconds for which they are kept when the last follower has left. Default 2 minutes. */
  lingerMs?: number;
}

/** Written as it is in ids that clients send back to us. */
const ID = /^([0-9a-f]{16})-(\d{1,15})$/;

/**
 * The last events of one partition, in a ring. Its name is random: an id of another process, or of a history that was given
 * up meanwhile, is known for what it is. It counts for itself, so its numbers tell nothing of other partitions.
 */
class History {
  readonly #epoch = randomBytes(8).toString('hex');
  readonly #max: number;
  readonly #ring: KeptEvent[] = [];
  #last = 0;
  readonly followers = new Set<(kept: KeptEvent) => void>();
  /** Gives the history up, when nobody comes back. */
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
 * @param onListenerError told what a listener threw
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
      // A listener may publish as well: what is told first is numbered first.
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
      // Its own function, so that one follower may follow twice, and ending twice ends once.
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
      const told = (call: CallEnd): void => observer(call); // its own function: one observer may observe twice
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
