/**
 * Telling clients what changed: `subscriptions/listen` in the modern era, unsolicited notifications in the legacy era.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions
 */
import type { JsonObject } from '../base/json.js';
import { compileUriTemplate } from '../base/uri-template.js';
import { DaemonError } from '../protocol/errors.js';
import type { LegacySession, RequestContext } from '../protocol/exchange.js';
import type { JsonRpcNotification } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import type { CatalogEvent, EventBus } from './bus.js';

const FILTERS = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const;

/** A legacy session is told of every list. */
const ALL_LISTS = { tools: true, prompts: true, resources: true } as const;

interface Filter {
  lists: Readonly<Record<'tools' | 'prompts' | 'resources', boolean>>;
  uris: ReadonlySet<string>;
}

/** Those of the subscribed resources that an event is about. */
function updated(event: CatalogEvent, subscribed: ReadonlySet<string>): string[] {
  if (event.type === 'resource_updated') return subscribed.has(event.uri) ? [event.uri] : [];
  if (event.type === 'list_changed' || subscribed.size === 0) return [];
  const { match } = compileUriTemplate(event.uriTemplate);
  return [...subscribed].filter((uri) => match(uri) !== undefined);
}

/** What a client is told of an event: nothing, if it did not ask. */
function notifications(event: CatalogEvent, filter: Filter, meta?: JsonObject): JsonRpcNotification[] {
  const own = meta === undefined ? {} : { _meta: meta };
  if (event.type === 'list_changed') {
    if (!filter.lists[event.list]) return [];
    const method = `notifications/${event.list}/list_changed`;
    return [meta === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params: own }];
  }
  const method = 'notifications/resources/updated';
  return updated(event, filter.uris).map((uri) => ({ jsonrpc: '2.0', method, params: { ...own, uri } }));
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
          for (const message of notifications(event, filter, meta)) exchange.notify(message);
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
  const filter: Filter = { lists: ALL_LISTS, uris: session.subscriptions };
  return bus.subscribe(partition, (event) => {
    for (const message of notifications(event, filter)) send(message);
  });
}
