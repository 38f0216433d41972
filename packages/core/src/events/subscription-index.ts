/**
 * Which clients are notified of what, by partition, list, URI and template. A URI is matched with a template once, however many
 * clients subscribe to it and however often its template changes.
 */
import type { UriMatcher } from '../base/uri-template.js';
import { compileUriTemplate } from '../base/uri-template.js';
import { DaemonError } from '../protocol/errors.js';
import type { AnnouncedLists } from '../protocol/exchange.js';
import type { CatalogEvent, EventBus, ListKind } from './bus.js';

/** One client that is notified: a session, or a stream of `subscriptions/listen`. */
export interface Subscriber {
  readonly partition: string;
  readonly subject: string;
  /** The lists whose changes it hears of. */
  readonly lists: AnnouncedLists;
  listChanged(list: ListKind): void;
  resourceUpdated(uri: string): void;
}

/** The subscriptions of one client. */
export interface Subscription {
  /**
   * Adds a resource; one that is there already is left as it is.
   *
   * @param templates the URI templates of the catalog, the same array until it changes
   * @throws DaemonError `limit_exceeded`
   */
  add(uri: string, templates: readonly string[]): void;
  /** Removes a resource, if it is there. */
  remove(uri: string): void;
  /** Ends all of them. A second call does nothing. */
  end(): void;
}

/** The subscriptions of all clients of a daemon. */
export interface SubscriptionIndex {
  /** Begins to notify a client. */
  subscribe(subscriber: Subscriber): Subscription;
}

/** Bounds of subscriptions. */
export interface SubscriptionLimits {
  /** Resources of one client. */
  maxSubscriptions: number;
  /** Characters of the URIs of one client. */
  maxSubscriptionCharacters: number;
  /** Characters of the URIs of all clients of one user in one partition. */
  maxSubscriptionCharactersPerUser: number;
}

/** One URI, and who subscribed to it. */
interface Subscribed {
  readonly uri: string;
  readonly subscribers: Set<Subscriber>;
}

/** One template, and the URIs that it matches. */
interface TemplateGroup {
  readonly matcher: UriMatcher;
  readonly members: Set<Subscribed>;
}

/** Milliseconds for which URIs are matched before the event loop has a turn. */
const HOLD_MS = 10;

/** The subscriptions of one partition. */
class PartitionIndex {
  readonly subscribers = new Set<Subscriber>();
  readonly #uris = new Map<string, Subscribed>();
  readonly #groups = new Map<string, TemplateGroup>();
  /** URIs that are not matched yet. They are matched a little later, or when a template changes before that. */
  #unmatched = new Set<Subscribed>();
  #templates: readonly string[] = [];
  #timer: NodeJS.Immediate | undefined;

  add(uri: string, subscriber: Subscriber, templates: readonly string[]): void {
    if (templates !== this.#templates) this.#follow(templates);
    let subscribed = this.#uris.get(uri);
    if (subscribed === undefined) {
      this.#uris.set(uri, (subscribed = { uri, subscribers: new Set() }));
      if (this.#groups.size > 0) this.#later(subscribed);
    }
    subscribed.subscribers.add(subscriber);
  }

  remove(uri: string, subscriber: Subscriber): void {
    const subscribed = this.#uris.get(uri);
    if (subscribed === undefined) return;
    subscribed.subscribers.delete(subscriber);
    if (subscribed.subscribers.size > 0) return;
    this.#uris.delete(uri);
    this.#unmatched.delete(subscribed);
    for (const { members } of this.#groups.values()) members.delete(subscribed);
  }

  publish(event: CatalogEvent): void {
    if (event.type === 'list_changed') {
      for (const subscriber of [...this.subscribers]) if (subscriber.lists[event.list]) subscriber.listChanged(event.list);
    } else if (event.type === 'resource_updated') {
      this.#notify(this.#uris.get(event.uri));
    } else if (this.#uris.size > 0) {
      const { matcher, members } = this.#groups.get(event.uriTemplate) ?? this.#group(event.uriTemplate);
      for (const subscribed of this.#unmatched) if (matcher.match(subscribed.uri) !== undefined) members.add(subscribed);
      for (const subscribed of [...members]) this.#notify(subscribed);
    }
  }

  close(): void {
    clearImmediate(this.#timer);
  }

  #notify(subscribed: Subscribed | undefined): void {
    if (subscribed === undefined) return;
    for (const subscriber of [...subscribed.subscribers]) subscriber.resourceUpdated(subscribed.uri);
  }

  /** Another catalog: what is matched with a template stays so, for it depends on nothing else. */
  #follow(templates: readonly string[]): void {
    this.#templates = templates;
    const wanted = new Set(templates);
    for (const template of this.#groups.keys()) if (!wanted.has(template)) this.#groups.delete(template);
    let added = false;
    for (const template of wanted) {
      if (this.#groups.has(template)) continue;
      this.#groups.set(template, { matcher: compileUriTemplate(template), members: new Set() });
      added = true;
    }
    if (added) for (const subscribed of this.#uris.values()) this.#later(subscribed);
  }

  /** The group of a template that is not in any subscriber's catalog yet. */
  #group(template: string): TemplateGroup {
    const group: TemplateGroup = { matcher: compileUriTemplate(template), members: new Set() };
    for (const subscribed of this.#uris.values())
      if (group.matcher.match(subscribed.uri) !== undefined) group.members.add(subscribed);
    this.#groups.set(template, group);
    return group;
  }

  #later(subscribed: Subscribed): void {
    this.#unmatched.add(subscribed);
    this.#timer ??= setImmediate(this.#match).unref();
  }

  /** Matches what is not matched yet, for a moment, and goes on in a later turn of the event loop. */
  readonly #match = (): void => {
    this.#timer = undefined;
    const until = performance.now() + HOLD_MS;
    for (const subscribed of this.#unmatched) {
      for (const { matcher, members } of this.#groups.values())
        if (!members.has(subscribed) && matcher.match(subscribed.uri) !== undefined) members.add(subscribed);
      this.#unmatched.delete(subscribed);
      if (performance.now() > until) break;
    }
    if (this.#unmatched.size > 0) this.#timer = setImmediate(this.#match).unref();
  };
}

/** Creates the index of a daemon. */
export function createSubscriptionIndex(bus: EventBus, limits: SubscriptionLimits): SubscriptionIndex {
  const partitions = new Map<string, { index: PartitionIndex; leave: () => void }>();
  /** Characters that each user has subscribed to. */
  const users = new Map<string, number>();

  function enter(name: string): PartitionIndex {
    const before = partitions.get(name);
    if (before !== undefined) return before.index;
    const index = new PartitionIndex();
    partitions.set(name, { index, leave: bus.subscribe(name, (event) => index.publish(event)) });
    return index;
  }

  function leave(name: string, { subscribers }: PartitionIndex): void {
    if (subscribers.size > 0) return;
    const partition = partitions.get(name);
    partitions.delete(name);
    partition?.leave();
    partition?.index.close();
  }

  return {
    subscribe(subscriber) {
      const { partition, subject } = subscriber;
      const user = `${partition}\0${subject}`;
      const index = enter(partition);
      index.subscribers.add(subscriber);
      const uris = new Set<string>();
      let characters = 0;

      function count(more: number): void {
        characters += more;
        const all = (users.get(user) ?? 0) + more;
        if (all > 0) users.set(user, all);
        else users.delete(user);
      }

      function check(more: number): void {
        const { maxSubscriptions, maxSubscriptionCharacters, maxSubscriptionCharactersPerUser } = limits;
        const refuse = (what: string): never => {
          throw new DaemonError('limit_exceeded', what);
        };
        if (uris.size >= maxSubscriptions) refuse(`A session or stream can subscribe to at most ${maxSubscriptions} resources.`);
        if (characters + more > maxSubscriptionCharacters)
          refuse(`The URIs of one session or stream may have at most ${maxSubscriptionCharacters} characters together.`);
        if ((users.get(user) ?? 0) + more > maxSubscriptionCharactersPerUser)
          refuse(
            `The URIs that one user subscribes to may have at most ${maxSubscriptionCharactersPerUser} characters together.`,
          );
      }

      return {
        add(uri, templates) {
          if (uris.has(uri)) return;
          check(uri.length);
          uris.add(uri);
          count(uri.length);
          index.add(uri, subscriber, templates);
        },
        remove(uri) {
          if (!uris.delete(uri)) return;
          count(-uri.length);
          index.remove(uri, subscriber);
        },
        end() {
          if (!index.subscribers.delete(subscriber)) return;
          for (const uri of uris) index.remove(uri, subscriber);
          count(-characters);
          uris.clear();
          leave(partition, index);
        },
      };
    },
  };
}
