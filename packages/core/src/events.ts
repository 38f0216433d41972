/**
 * What happens in a daemon, told to whoever listens: catalogs that change, resources that were updated.
 */

/** A list that clients hold and that changed. */
export type ListKind = 'tools' | 'resources' | 'prompts';

/** One event. Every event belongs to one partition and reaches no other. */
export type DaemonEvent =
  | { type: 'list_changed'; partition: string; list: ListKind }
  | { type: 'resource_updated'; partition: string; uri: string }
  /** Every resource of a template may read differently now. */
  | { type: 'template_updated'; partition: string; uriTemplate: string };

/** Called for each event, in order. */
export type EventListener = (event: DaemonEvent) => void;

/** The bus of one daemon. */
export interface EventBus {
  /** Tells every listener of the event's partition, before it returns. A listener that throws harms no other. */
  publish(event: DaemonEvent): void;
  /** Listens to one partition; the function returned ends it. */
  subscribe(partition: string, listener: EventListener): () => void;
}

/**
 * Creates a bus.
 *
 * @param onListenerError told what a listener threw
 */
export function createEventBus(onListenerError: (error: unknown) => void): EventBus {
  const listeners = new Map<string, Set<EventListener>>();
  return {
    publish(event) {
      for (const listener of [...(listeners.get(event.partition) ?? [])]) {
        try {
          listener(event);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    subscribe(partition, listener) {
      const set = listeners.get(partition) ?? new Set();
      listeners.set(partition, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(partition) === set) listeners.delete(partition);
      };
    },
  };
}
