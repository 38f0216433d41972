/**
 * Notifies clients of changes: by `subscriptions/listen` in the modern era, by unsolicited notifications in the legacy era.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { CatalogDefinition } from '../ports/definition.js';
import { invalidParams } from '../protocol/errors.js';
import type { AnnouncedLists, RequestContext } from '../protocol/exchange.js';
import { MAX_SUBSCRIBED_URI_LENGTH } from '../protocol/limits.js';
import type { JsonRpcNotification } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import type { ListKind } from './bus.js';
import type { Subscription, SubscriptionIndex } from './subscription-index.js';

const FILTERS = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const;

const templates = new WeakMap<CatalogDefinition, readonly string[]>();

/** The URI templates of a catalog: the same array at every call. */
export function uriTemplatesOf(catalog: CatalogDefinition): readonly string[] {
  let found = templates.get(catalog);
  if (found === undefined) {
    found = catalog.functions.flatMap((entry) => (entry.kind === 'resource_template' ? [entry.uriTemplate] : []));
    templates.set(catalog, found);
  }
  return found;
}

/** The URI of a subscription. @throws DaemonError `invalid_params` if it is not text, or too long */
export function subscribedUri(uri: unknown): string {
  if (typeof uri !== 'string') throw invalidParams('"uri" must be a string.');
  if (uri.length > MAX_SUBSCRIBED_URI_LENGTH)
    throw invalidParams(`a URI of a subscription may have at most ${MAX_SUBSCRIBED_URI_LENGTH} characters.`);
  return uri;
}

const listChanged = (list: ListKind): string => `notifications/${list}/list_changed`;
const RESOURCE_UPDATED = 'notifications/resources/updated';

interface Filter {
  lists: AnnouncedLists;
  uris: ReadonlySet<string>;
}

/** The changes that a client asks to be notified of. @throws DaemonError `invalid_params` */
function filterOf(params: JsonObject, maxUris: number): Filter {
  const wanted = params['notifications'];
  if (!isObject(wanted)) throw invalidParams('"notifications" must be an object that says what to listen for.');
  const uris = wanted['resourceSubscriptions'] ?? [];
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== 'string'))
    throw invalidParams('"notifications.resourceSubscriptions" must be an array of URIs.');
  if (uris.length > maxUris) throw invalidParams(`a request can listen to at most ${maxUris} resources.`);
  return {
    lists: {
      tools: wanted[FILTERS.tools] === true,
      prompts: wanted[FILTERS.prompts] === true,
      resources: wanted[FILTERS.resources] === true,
    },
    uris: new Set(uris.map(subscribedUri)),
  };
}

/** The acknowledgement: everything that was requested, as it was requested. */
function acknowledged({ lists, uris }: Filter): JsonObject {
  const told: JsonObject = {};
  for (const list of ['tools', 'prompts', 'resources'] as const) if (lists[list]) told[FILTERS[list]] = true;
  if (uris.size > 0) told['resourceSubscriptions'] = [...uris];
  return told;
}

/** What a listen stream follows besides changes of the catalog. */
export interface AlsoListened {
  /** For the acknowledgement. */
  readonly acknowledged: JsonObject;
  /** Begins, after the acknowledgement. @param meta `_meta` of each notification @returns ends it */
  begin(meta: JsonObject): () => void;
}

/** Open listen streams of a daemon. */
export interface Listeners {
  /**
   * Serves one `subscriptions/listen` until the client ends it (undefined: no answer) or the daemon does.
   *
   * @param catalog the partition's current catalog
   * @param admit throws if the caller may not read a resource
   * @param also what else the stream follows
   * @throws DaemonError `invalid_params`, `limit_exceeded`, and what `admit` throws
   */
  listen(
    params: JsonObject,
    request: RequestContext,
    catalog: CatalogDefinition,
    admit: (uri: string) => void,
    also?: AlsoListened,
  ): Promise<JsonObject | undefined>;
  /** Ends all streams, each with its result. */
  close(): void;
}

/** Creates the listen streams of a daemon. */
export function createListeners(options: {
  index: SubscriptionIndex;
  maxUris: number;
  complete: (result: JsonObject) => JsonObject;
}): Listeners {
  const { index, maxUris, complete } = options;
  const open = new Set<() => void>();
  return {
    async listen(params, { id, exchange }, catalog, admit, also) {
      const filter = filterOf(params, maxUris);
      filter.uris.forEach(admit);
      const meta = { [META.subscriptionId]: id };
      const subscription = index.subscribe({
        partition: exchange.partition,
        subject: exchange.subject,
        lists: filter.lists,
        listChanged: (list) => exchange.notify({ jsonrpc: '2.0', method: listChanged(list), params: { _meta: meta } }),
        resourceUpdated: (uri) => exchange.notify({ jsonrpc: '2.0', method: RESOURCE_UPDATED, params: { _meta: meta, uri } }),
      });
      try {
        for (const uri of filter.uris) subscription.add(uri, uriTemplatesOf(catalog));
      } catch (error) {
        subscription.end();
        throw error;
      }
      // This must be first on the stream, because clients ignore what comes before it. Nothing comes before it: there was no
      // await.
      exchange.notify({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta: meta, notifications: { ...acknowledged(filter), ...also?.acknowledged } },
      });
      const endOther = also?.begin(meta);
      return new Promise((resolve) => {
        const end = (result: JsonObject | undefined): void => {
          subscription.end();
          endOther?.();
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

/** Notifies a legacy session of changes of these lists (unsolicited), and of the resources that it subscribed to. */
export function followLegacy(
  index: SubscriptionIndex,
  identity: { partition: string; subject: string },
  lists: AnnouncedLists,
  send: (notification: JsonRpcNotification) => void,
): Subscription {
  return index.subscribe({
    ...identity,
    lists,
    listChanged: (list) => send({ jsonrpc: '2.0', method: listChanged(list) }),
    resourceUpdated: (uri) => send({ jsonrpc: '2.0', method: RESOURCE_UPDATED, params: { uri } }),
  });
}
