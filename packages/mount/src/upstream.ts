/** The life of one mounted server: started at need, kept, started again after it ended, and what it offers. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Implementation, Logger, MountDefinition } from '@mcp-daemon/core';
import { wholeSeconds } from '@mcp-daemon/core';

import { BackOff } from './base/back-off.js';
import type { Carrier, CarrierEvents } from './connection/carrier.js';
import type { ListName } from './connection/connection.js';
import { Connection } from './connection/connection.js';
import type { Greeting } from './connection/handshake.js';
import { greet, makesTasks } from './connection/handshake.js';
import type { Offer } from './connection/lists.js';
import { readOffer } from './connection/lists.js';
import { Subscriptions } from './connection/subscriptions.js';
import type { Reviewed } from './offer/pins.js';

/** A connection that is ready for calls. */
export interface Live {
  readonly connection: Connection;
  readonly greeting: Greeting;
  readonly subscriptions: Subscriptions;
  /** Whether a cancelled request is ended by its signal. */
  readonly hasStreams: boolean;
  /** Whether calls may be answered with tasks. */
  readonly makesTasks: boolean;
  /** The least severe level that the server was asked to log (legacy). */
  logLevel: number | undefined;
}

/** What {@link Upstream} takes. */
export interface UpstreamOptions {
  mount: MountDefinition;
  partition: string;
  /** How we name ourselves. */
  client: Implementation;
  /** Opens a connection. @throws Error that says why it cannot */
  open: (events: CarrierEvents) => Promise<Carrier>;
  logger: Logger;
  /** Milliseconds that a server may take from its start to its lists. */
  startMs: number;
  /** Compares what it offers with what was approved. @throws Error if nothing may be served */
  review: (offer: Offer) => Promise<Reviewed>;
  /** The ids of this daemon and of those that mount it. */
  ownInstances: readonly string[];
  /** Called when what it offers has changed, or whether it can be reached. */
  onChanged: () => void;
  onResourceUpdated: (uri: string) => void;
}

/** Whether a mounted server can be used. */
export type UpstreamState = 'idle' | 'starting' | 'ready' | 'down';

/** How often an approval by another process is looked for, in milliseconds. */
const RECHECK_MS = 3_000;
/** Several changes of one moment are read once. */
const SETTLE_MS = 50;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One mounted server. */
export class Upstream {
  readonly mount: MountDefinition;
  readonly partition: string;
  readonly #options: UpstreamOptions;
  readonly #backOff = new BackOff();
  #live: Live | undefined;
  #starting: Promise<Live> | undefined;
  #failure: string | undefined;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;
  /** The connection of a start that has not ended: `close` ends it, so that no shutdown waits for a server that says nothing. */
  #opening: Connection | undefined;
  /** As the server sent it. */
  #sent: Offer | undefined;
  #reviewed: Reviewed | undefined;
  #recheck: NodeJS.Timeout | undefined;
  #changed = new Set<ListName>();
  #reading: Promise<void> | undefined;
  /** The era that worked, so that later starts do not try the other. */
  #era: string | undefined;
  #greeting: Greeting | undefined;
  /** Resources that clients follow. */
  readonly #followed = new Set<string>();
  /** Starts since the beginning. */
  starts = 0;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.mount = options.mount;
    this.partition = options.partition;
  }

  get state(): UpstreamState {
    if (this.#live !== undefined) return 'ready';
    if (this.#starting !== undefined) return 'starting';
    return this.#failure === undefined ? 'idle' : 'down';
  }

  /** Why it cannot be used; undefined: it can, or was not needed yet. */
  get failure(): string | undefined {
    return this.#live === undefined ? this.#failure : undefined;
  }

  /** What it said of itself when it was reached last. */
  get greeting(): Greeting | undefined {
    return this.#greeting;
  }

  /** What it offered last, as far as it may be served. The same object until it changes. */
  get offer(): Offer | undefined {
    return this.#reviewed?.offer;
  }

  /** What it offered last. */
  get sent(): Offer | undefined {
    return this.#sent;
  }

  /** How what it offers differs from what was approved. */
  get changes(): Reviewed['changes'] {
    return this.#reviewed?.changes ?? [];
  }

  /** The connection, if it is open. */
  get live(): Live | undefined {
    return this.#live;
  }

  /**
   * The connection. It is opened if it is not.
   *
   * @throws Error (as a rejection), at once if it could not be opened a moment ago
   */
  ready(): Promise<Live> {
    if (this.#live !== undefined) return Promise.resolve(this.#live);
    if (this.#closed) return Promise.reject(new Error(`the server "${this.mount.name}" is not mounted any more`));
    if (this.#starting !== undefined) return this.#starting;
    const waitMs = this.#backOff.waitMs;
    if (waitMs > 0 && this.#failure !== undefined) {
      return Promise.reject(new Error(`${this.#failure}; it is tried again in ${wholeSeconds(waitMs)} s`));
    }
    return this.#start();
  }

  /** Begins or ends to hear of changes of a resource. */
  follow(uri: string, on: boolean): void {
    if (on) this.#followed.add(uri);
    else this.#followed.delete(uri);
    const { subscriptions } = this.#live ?? {};
    if (on) subscriptions?.add(uri);
    else subscriptions?.remove(uri);
  }

  /** Ends the connection. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#recheck);
    const connection = this.#live?.connection ?? this.#opening;
    this.#live = undefined;
    await connection?.close(`the server "${this.mount.name}" is not mounted any more`);
    await this.#starting?.catch(() => undefined);
  }

  #start(): Promise<Live> {
    clearTimeout(this.#restart);
    this.starts += 1;
    const starting = this.#connect().then(
      (live) => {
        this.#starting = undefined;
        this.#succeeded(live);
        return live;
      },
      (error: unknown) => {
        this.#starting = undefined;
        throw this.#failed(error);
      },
    );
    this.#starting = starting;
    return starting;
  }

  async #connect(): Promise<Live> {
    const { client, open, startMs, ownInstances, onResourceUpdated } = this.#options;
    const { name, protocol } = this.mount;
    const connection: Connection = new Connection({
      name,
      logger: this.#options.logger,
      onListChanged: (list) => this.#listChanged(list),
      onResourceUpdated,
      onClosed: (why) => this.#lost(connection, why),
    });
    const carrier = await open(connection);
    connection.attach(carrier);
    this.#opening = connection;
    const over = new AbortController();
    const late = sleep(startMs, undefined, { signal: over.signal, ref: false }).then(
      () => {
        throw new Error(`did not answer within ${startMs / 1_000} s`);
      },
      () => new Promise<never>(() => undefined),
    );
    try {
      if (this.#closed) throw new Error(`the server "${name}" is not mounted any more`);
      const greeting = await Promise.race([late, greet(connection, client, this.#era ?? protocol)]);
      if (greeting.instances.some((id) => ownInstances.includes(id)))
        throw new Error('is this server itself, or mounts it: it would mount itself without end');
      const offer = await Promise.race([late, readOffer(connection, greeting, client)]);
      if (connection.closed !== undefined) throw new Error(connection.closed);
      await this.#review(offer);
      this.#greeting = greeting;
      const subscriptions = new Subscriptions({
        ...{ connection, greeting, client },
        refused: (uri, why) =>
          this.#options.logger.warn(
            { server: this.mount.name, uri, error: why },
            'a subscription was refused: changes of this resource are not passed on',
          ),
      });
      subscriptions.follow(this.#followed);
      const { hasStreams } = carrier;
      return { connection, greeting, subscriptions, hasStreams, makesTasks: makesTasks(greeting), logLevel: undefined };
    } catch (error) {
      void connection.close('it could not be started');
      throw connection.closed !== undefined && connection.closed !== 'it could not be started'
        ? new Error(connection.closed)
        : error;
    } finally {
      over.abort();
      this.#opening = undefined;
    }
  }

  #succeeded(live: Live): void {
    const { name, protocol } = this.mount;
    const { greeting } = live;
    if (this.#closed) {
      void live.connection.close(`the server "${name}" is not mounted any more`);
      return;
    }
    this.#live = live;
    this.#failure = undefined;
    if (protocol === 'auto') this.#era = greeting.era;
    this.#backOff.succeeded();
    const { server, version } = greeting;
    this.#options.logger.info(
      { server: name, name: server.name, version: server.version, protocol: version },
      `the server "${name}" is mounted`,
    );
    this.#options.onChanged();
  }

  #failed(error: unknown): Error {
    const { name } = this.mount;
    const why = messageOf(error);
    if (this.#closed) return new Error(why, { cause: error });
    this.#failure = why.startsWith(`the server "${name}"`) ? why : `the server "${name}" cannot be used: ${why}`;
    this.#options.logger.error({ server: name, error: why }, this.#failure);
    // It may have become another server: the next start asks for the era anew.
    this.#era = undefined;
    this.#tryLater();
    this.#options.onChanged();
    return new Error(this.#failure, { cause: error });
  }

  #lost(connection: Connection, why: string): void {
    if (this.#live?.connection !== connection) return; // it ended while it was started: that is reported there
    this.#live = undefined;
    this.#failure = why;
    if (this.#closed) return;
    this.#options.logger.warn({ server: this.mount.name }, `${why}; it is started again`);
    this.#tryLater();
    this.#options.onChanged();
  }

  /** Takes what the server sent. While some of it is held back, the approval is looked for again. */
  async #review(offer: Offer): Promise<void> {
    clearTimeout(this.#recheck);
    this.#reviewed = await this.#options.review(offer);
    this.#sent = offer;
    if (!this.#reviewed.isBlocked || this.#closed) return;
    const { changes } = this.#reviewed;
    this.#recheck = setTimeout(() => {
      this.#review(offer).then(
        () => {
          if (this.changes.length !== changes.length) this.#options.onChanged();
        },
        (error: unknown) =>
          this.#options.logger.error({ server: this.mount.name, error: messageOf(error) }, 'approvals cannot be read'),
      );
    }, RECHECK_MS);
    this.#recheck.unref();
  }

  /** Starts it again in the background, after longer and longer waits. */
  #tryLater(): void {
    if (this.#closed) return;
    this.#backOff.failed();
    this.#restart = setTimeout(() => {
      if (this.#live === undefined && this.#starting === undefined && !this.#closed) this.#start().catch(() => undefined);
    }, this.#backOff.waitMs);
    this.#restart.unref();
  }

  #listChanged(list: ListName): void {
    this.#changed.add(list);
    if (this.#reading !== undefined) return;
    this.#reading = this.#readChanged().finally(() => {
      this.#reading = undefined;
      if (this.#changed.size > 0 && this.#live !== undefined) this.#listChanged(list);
    });
  }

  async #readChanged(): Promise<void> {
    await sleep(SETTLE_MS, undefined, { ref: false });
    const live = this.#live;
    const which = [...this.#changed];
    this.#changed.clear();
    if (live === undefined) return;
    try {
      await this.#review(await readOffer(live.connection, live.greeting, this.#options.client, which, this.#sent));
      this.#options.onChanged();
    } catch (error) {
      if (this.#live !== live) return; // its connection has ended, which is reported where it is known
      const { name } = this.mount;
      this.#options.logger.error(
        { server: name, error: messageOf(error) },
        `the lists of the server "${name}" have changed and cannot be read; the ones from before stay`,
      );
    }
  }
}
