/**
 * Which clients are notified of what, by partition, list, URI and template. A URI is brought into its normal form once, and
 * matched with a template once, however many clients subscribe to it and however often its template changes.
 */
import { createHash } from 'node:crypto';

import { normalKey, normalUri, uriKey } from '../base/uri.js';
import type { UriMatcher } from '../base/uri-template.js';
import { compileUriTemplate } from '../base/uri-template.js';
import { DaemonError } from '../protocol/errors.js';
import type { AnnouncedLists } from '../protocol/exchange.js';
import type { CatalogEvent, EventBus, ListKind } from './bus.js';
import type { Job } from './slices.js';
import { Slices } from './slices.js';

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
  /** {@link formKey} of the key that all forms of the URI share; only where the URI itself is another text, and once it has been matched. */
  key?: string;
  /** The number of the last template that it was matched with. */
  matched: number;
}

/** One template, and the URIs that it matches. */
interface TemplateGroup {
  /** Templates are numbered as they come, so those that a URI was not matched with are the last ones. */
  readonly number: number;
  readonly matcher: UriMatcher;
  readonly members: Set<Subscribed>;
}

/** How many templates a URI is matched with before the job may be interrupted. */
const MATCHES_AT_ONCE = 4;

/** What {@link createSubscriptionIndex} uses. */
export interface SubscriptionTools {
  /** Gets what a subscriber threw. The others are notified all the same. */
  onError: (error: unknown) => void;
  /** Compiles a template. Default `compileUriTemplate`. */
  compile?: (template: string) => UriMatcher;
  /** Called when a URI has its first subscriber in a partition (`on`), and when it has none any more. Default: nothing. */
  followed?: (partition: string, uri: string, on: boolean) => void;
  /** Runs what takes long. Default: 2 ms in one turn of the event loop. */
  slices?: Slices;
}

/** A key as it is kept: one that is long by its digest, because a key may be nine times as long as its URI. */
const formKey = (key: string): string => (key.length > 100 ? createHash('sha256').update(key).digest('base64url') : key);

/** The subscriptions of one partition. */
class PartitionIndex {
  readonly name: string;
  readonly subscribers = new Set<Subscriber>();
  readonly #tools: Required<SubscriptionTools>;
  readonly #uris = new Map<string, Subscribed>();
  /** URIs that are written in another form than their key, by that key (see {@link formKey}). */
  readonly #otherForms = new Map<string, Set<Subscribed>>();
  readonly #groups = new Map<string, TemplateGroup>();
  /** URIs that are not matched with all templates yet. */
  readonly #unmatched = new Set<Subscribed>();
  #templates: readonly string[] = [];
  #lastNumber = 0;
  #closed = false;

  constructor(name: string, tools: Required<SubscriptionTools>) {
    this.name = name;
    this.#tools = tools;
  }

  add(uri: string, subscriber: Subscriber, templates: readonly string[]): void {
    if (templates !== this.#templates) this.#follow(templates);
    let subscribed = this.#uris.get(uri);
    if (subscribed === undefined) {
      this.#uris.set(uri, (subscribed = { uri, subscribers: new Set(), matched: 0 }));
      this.#later(subscribed);
      this.#tell(() => this.#tools.followed(this.name, uri, true));
    }
    subscribed.subscribers.add(subscriber);
  }

  remove(uri: string, subscriber: Subscriber): void {
    const subscribed = this.#uris.get(uri);
    if (subscribed === undefined) return;
    subscribed.subscribers.delete(subscriber);
    if (subscribed.subscribers.size > 0) return;
    this.#uris.delete(uri);
    this.#tell(() => this.#tools.followed(this.name, uri, false));
    this.#unmatched.delete(subscribed);
    for (const { members } of this.#groups.values()) members.delete(subscribed);
    const { key } = subscribed;
    const forms = key === undefined ? undefined : this.#otherForms.get(key);
    forms?.delete(subscribed);
    if (key !== undefined && forms?.size === 0) this.#otherForms.delete(key);
  }

  publish(event: CatalogEvent): void {
    if (event.type === 'list_changed') {
      const { list } = event;
      for (const subscriber of [...this.subscribers]) if (subscriber.lists[list]) this.#tell(() => subscriber.listChanged(list));
    } else if (this.#uris.size > 0) {
      this.#tools.slices.start(
        event.type === 'resource_updated' ? this.#resourceUpdated(event.uri) : this.#templateUpdated(event.uriTemplate),
      );
    }
  }

  /** Ends its jobs. */
  close(): void {
    this.#closed = true;
  }

  *#resourceUpdated(uri: string): Job {
    yield* this.#match();
    const same = this.#uris.get(uri);
    if (same !== undefined) yield* this.#notify([same]);
    const key = uriKey(uri);
    const plain = key === uri ? undefined : this.#uris.get(key);
    if (plain !== undefined) yield* this.#notify([plain]);
    yield* this.#notify([...(this.#otherForms.get(formKey(key)) ?? [])].filter((form) => form !== same));
  }

  *#templateUpdated(template: string): Job {
    if (!this.#groups.has(template)) {
      this.#group(template);
      this.#matchAgain();
    }
    yield* this.#match();
    yield* this.#notify([...(this.#groups.get(template)?.members ?? [])]);
  }

  /** Notifies those who subscribed to these URIs, and still do. */
  *#notify(all: readonly Subscribed[]): Job {
    for (const { uri, subscribers } of all) {
      for (const subscriber of [...subscribers]) {
        if (this.#closed) return;
        if (subscribers.has(subscriber)) this.#tell(() => subscriber.resourceUpdated(uri));
        yield;
      }
    }
  }

  #tell(notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.#tools.onError(error);
    }
  }

  /** Another catalog: what is matched with a template stays so, for it depends on nothing else. */
  #follow(templates: readonly string[]): void {
    this.#templates = templates;
    const wanted = new Set(templates);
    for (const template of this.#groups.keys()) if (!wanted.has(template)) this.#groups.delete(template);
    const before = this.#lastNumber;
    for (const template of wanted) if (!this.#groups.has(template)) this.#group(template);
    if (this.#lastNumber > before) this.#matchAgain();
  }

  #group(template: string): void {
    const number = (this.#lastNumber += 1);
    this.#groups.set(template, { number, matcher: this.#tools.compile(template), members: new Set() });
  }

  /** There are more templates: all URIs are matched with those. */
  #matchAgain(): void {
    for (const subscribed of this.#uris.values()) this.#later(subscribed);
  }

  #later(subscribed: Subscribed): void {
    if (this.#unmatched.size === 0) setImmediate(() => this.#tools.slices.start(this.#match())).unref();
    this.#unmatched.add(subscribed);
  }

  /** Matches what is not matched yet. */
  *#match(): Job {
    for (const subscribed of this.#unmatched) {
      if (this.#closed) return;
      yield* this.#matchOne(subscribed);
      this.#unmatched.delete(subscribed);
      yield;
    }
  }

  /** The normal form is not kept: it may be several times as long as the URI. */
  *#matchOne(subscribed: Subscribed): Job {
    const normal = normalUri(subscribed.uri);
    if (normal === undefined) return;
    if (subscribed.matched === 0) this.#addForm(subscribed, normalKey(normal));
    let count = 0;
    for (const { number, matcher, members } of this.#groups.values()) {
      if (number <= subscribed.matched) continue;
      if (matcher.matchNormal(normal) !== undefined) members.add(subscribed);
      subscribed.matched = number;
      if ((count += 1) % MATCHES_AT_ONCE !== 0) continue;
      yield;
      if (this.#uris.get(subscribed.uri) !== subscribed) return; // no client subscribes to it any more
    }
  }

  #addForm(subscribed: Subscribed, key: string): void {
    if (key === subscribed.uri || subscribed.key !== undefined) return;
    subscribed.key = formKey(key);
    const forms = this.#otherForms.get(subscribed.key);
    if (forms === undefined) this.#otherForms.set(subscribed.key, new Set([subscribed]));
    else forms.add(subscribed);
  }
}

/** Creates the index of a daemon. */
export function createSubscriptionIndex(
  bus: EventBus,
  limits: SubscriptionLimits,
  { onError, followed = () => undefined, compile = compileUriTemplate, slices = new Slices() }: SubscriptionTools,
): SubscriptionIndex {
  const partitions = new Map<string, { index: PartitionIndex; leave: () => void }>();
  /** Characters that each user has subscribed to. */
  const users = new Map<string, number>();

  function enter(name: string): PartitionIndex {
    const before = partitions.get(name);
    if (before !== undefined) return before.index;
    const index = new PartitionIndex(name, { followed, compile, slices, onError });
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
