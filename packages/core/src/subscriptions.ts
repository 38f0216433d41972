/**
 * Telling clients what changed: `subscriptions/listen` in the modern era, unsolicited notifications in the legacy era.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions
 */
import { DaemonError } from './errors.js';
import type { DaemonEvent, EventBus } from './events.js';
import type { LegacySession, RequestContext } from './exchange.js';
import { META } from './protocol.js';
import type { JsonObject, JsonRpcNotification } from './protocol.js';

const FILTERS = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const;

interface Filter {
  lists: Record<'tools' | 'prompts' | 'resources', boolean>;
  uris: ReadonlySet<string>;
}

function notification(event: DaemonEvent, meta?: JsonObject): JsonRpcNotification {
  const own = meta === undefined ? {} : { _meta: meta };
  if (event.type === 'resource_updated') {
    return { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { ...own, uri: event.uri } };
  }
  const method = `notifications/${event.list}/list_changed`;
  return meta === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params: own };
}

function wants(filter: Filter, event: DaemonEvent): boolean {
  return event.type === 'list_changed' ? filter.lists[event.list] : filter.uris.has(event.uri);
}

function filterOf(params: JsonObject, maxUris: number): Filter {
  const wanted = params['notifications'];
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) {
    throw new DaemonError('invalid_params', 'Invalid params: "notifications" must be an object that says what to listen for.');
  }
  const { resourceSubscriptions: uris = [], ...lists } = wanted as JsonObject;
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== 'string')) {
    throw new DaemonError('invalid_params', 'Invalid params: "notifications.resourceSubscriptions" must be an array of URIs.');
  }
  if (uris.length > maxUris)
    throw new DaemonError('invalid_params', `Invalid params: at most ${maxUris} resources can be listened to at once.`);
  return {
    lists: {
      tools: lists[FILTERS.tools] === true,
      prompts: lists[FILTERS.prompts] === true,
      resources: lists[FILTERS.resources] === true,
    },
    uris: new Set(uris as string[]),
  };
}

/** What was asked for and is honoured: all of it, in the words of the request. */
function acknowledged({ lists, uris }: Filter): JsonObject {
  const told: JsonObject = {};
  for (const list of ['tools', 'prompts', 'resources'] as const) if (lists[list]) told[FILTERS[list]] = true;
  if (uris.size > 0) told['resourceSubscriptions'] = [...uris];
  return told;
}

/** Open listen streams of a daemon. */
export interface Listeners {
  /**
   * Serves one `subscriptions/listen` until the client ends it (undefined: nothing is to be answered) or the daemon does.
   *
   * @throws DaemonError `invalid_params`
   */
  listen(params: JsonObject, request: RequestContext): Promise<JsonObject | undefined>;
  /** Ends all streams, each with its result. */
  close(): void;
}

/** Creates the listen streams of a daemon. */
export function createListeners(options: {
  bus: EventBus;
  maxUris: number;
  complete: (result: JsonObject) => JsonObject;
}): Listeners {
  const { bus, maxUris, complete } = options;
  const open = new Set<() => void>();
  return {
    async listen(params, { id, exchange }) {
      const filter = filterOf(params, maxUris);
      const meta = { [META.subscriptionId]: id };
      // First on the stream: clients throw away what comes before it.
      exchange.notify({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta: meta, notifications: acknowledged(filter) },
      });
      return new Promise((resolve) => {
        const unsubscribe = bus.subscribe(exchange.partition, (event) => {
          if (wants(filter, event)) exchange.notify(notification(event, meta));
        });
        const end = (result: JsonObject | undefined): void => {
          unsubscribe();
          open.delete(closed);
          exchange.signal.removeEventListener('abort', cancelled);
          resolve(result);
        };
        const cancelled = (): void => end(undefined);
        const closed = (): void => end(complete({ _meta: { ...meta } }));
        open.add(closed);
        exchange.signal.addEventListener('abort', cancelled, { once: true });
        if (exchange.signal.aborted) cancelled();
      });
    },
    close() {
      for (const end of [...open]) end();
    },
  };
}

/**
 * Sends a legacy session what it is entitled to without asking, and the resources that it subscribed to.
 *
 * @returns ends it
 */
export function followLegacy(
  bus: EventBus,
  partition: string,
  session: LegacySession,
  send: (notification: JsonRpcNotification) => void,
): () => void {
  return bus.subscribe(partition, (event) => {
    if (event.type === 'list_changed' || session.subscriptions.has(event.uri)) send(notification(event));
  });
}
