/** Hears of changes of another server: of its lists, and of resources that our clients subscribed to. */
import type { Implementation, JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import type { Connection } from './connection.js';
import type { Greeting } from './handshake.js';
import { modernMeta } from './handshake.js';

/** What {@link Subscriptions} takes. */
export interface SubscriptionsOptions {
  connection: Connection;
  greeting: Greeting;
  client: Implementation;
  /** Gets the refusal of a subscription: then the resource is never said to have changed. */
  refused(uri: string, why: string): void;
}

/** A modern server that ends its stream is asked again after this time, in milliseconds. */
const AGAIN_MS = 5_000;

/** The subscriptions of one connection. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #uris = new Set<string>();
  #listening: { id: number; over: AbortController } | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Begins to hear of changed lists, and of these resources. Legacy servers need not be asked for lists. */
  follow(uris: Iterable<string>): void {
    const isModern = this.#options.greeting.era === 'modern';
    for (const uri of uris) {
      if (isModern && this.#canSubscribe()) this.#uris.add(uri);
      else this.add(uri);
    }
    if (isModern) this.#listen();
  }

  /** Subscribes to a resource, if the server can say that it has changed. */
  add(uri: string): void {
    if (this.#uris.has(uri) || !this.#canSubscribe()) return;
    this.#uris.add(uri);
    if (this.#options.greeting.era === 'modern') this.#listen();
    else this.#tell('resources/subscribe', uri);
  }

  /** Ends the subscription to a resource. */
  remove(uri: string): void {
    if (!this.#uris.delete(uri)) return;
    if (this.#options.greeting.era === 'modern') this.#listen();
    else this.#tell('resources/unsubscribe', uri);
  }

  #canSubscribe(): boolean {
    const { resources } = this.#options.greeting.capabilities;
    return isObject(resources) && resources['subscribe'] === true;
  }

  #tell(method: string, uri: string): void {
    const { connection, refused } = this.#options;
    const isNew = method === 'resources/subscribe';
    connection.request(method, { uri }).then(
      ({ error }) => {
        if (isNew && error !== undefined) refused(uri, error.message);
      },
      () => undefined, // the connection has ended: the next one subscribes again
    );
  }

  /** Opens the stream of a modern server, in place of the one that is open. */
  #listen(): void {
    const { connection, greeting, client } = this.#options;
    clearTimeout(this.#again);
    const before = this.#listening;
    const notifications: JsonObject = {};
    for (const list of ['tools', 'resources', 'prompts'] as const) {
      const capability = greeting.capabilities[list];
      if (isObject(capability) && capability['listChanged'] === true) notifications[`${list}ListChanged`] = true;
    }
    if (this.#uris.size > 0) notifications['resourceSubscriptions'] = [...this.#uris];
    const over = new AbortController();
    if (Object.keys(notifications).length > 0) {
      const ended = (): void => {
        if (this.#listening?.over !== over || connection.closed !== undefined) return;
        this.#again = setTimeout(() => this.#listen(), AGAIN_MS);
        this.#again.unref();
      };
      const params = { _meta: modernMeta(client, {}), notifications };
      const id = connection.send('subscriptions/listen', params, { settle: ended, fail: ended }, { signal: over.signal });
      this.#listening = { id, over };
    } else this.#listening = undefined;
    if (before === undefined) return;
    connection.cancel(before.id, 'replaced', true);
    before.over.abort();
  }
}
