/** The event streams of one partition. The text of each event is made once for all streams that may see it. */
import type { EventBus, Following, KeptEvent } from '@mcp-daemon/core';

import { isRevoked } from '../wire/caller.js';
import type { EventStream } from './stream.js';
import { beatText, eventText, gapText, readyText, retryText } from './text.js';
import type { EventsIdentity } from './viewer.js';
import { maySee, seesAll, subjectOf } from './viewer.js';

/** Milliseconds after which a client reconnects. */
const RETRY_MS = 1_000;
/** When all streams end at once, the reconnects are spread over this time. */
const SPREAD_MS = 2_000;

const NONE: ReadonlySet<EventStream> = new Set();

/** One partition. It listens to the bus until its last stream has ended. */
export class Feed {
  readonly #following: Following;
  readonly #onEmpty: () => void;
  readonly #streams = new Map<EventStream, EventsIdentity>();
  /** Streams that see the calls of all users. */
  readonly #seeingAll = new Set<EventStream>();
  /** Streams that see the calls of one user, by subject. */
  readonly #own = new Map<string, Set<EventStream>>();
  /** How many streams each subject has. */
  readonly #counts = new Map<string, number>();

  /** @param onEmpty called when the last stream has ended */
  constructor(bus: EventBus, partition: string, onEmpty: () => void) {
    this.#onEmpty = onEmpty;
    this.#following = bus.follow(partition, (kept) => this.#publish(kept));
  }

  /** How many streams one subject has open. */
  countOf(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }

  /**
   * Adds a stream and sends the events that its client has missed. Both happen synchronously, so that no event is lost in between.
   *
   * @param lastEventId the id of the last event that the client has seen; undefined: it connects for the first time
   */
  add(stream: EventStream, identity: EventsIdentity, lastEventId: string | undefined): void {
    const { position } = this.#following;
    const missed = lastEventId === undefined ? [] : this.#following.after(lastEventId);
    const seen = typeof missed === 'string' ? [] : missed.filter(({ event }) => maySee(identity, event));
    const first = typeof missed === 'string' ? gapText(missed, position) : seen.map(eventText).join('');
    this.#streams.set(stream, identity);
    this.#counts.set(identity.subject, this.countOf(identity.subject) + 1);
    if (seesAll(identity)) this.#seeingAll.add(stream);
    else this.#own.set(identity.subject, (this.#own.get(identity.subject) ?? new Set()).add(stream));
    stream.begin(retryText(RETRY_MS) + first + readyText(position), position);
  }

  /** Removes a stream that has ended. After the last one the feed stops listening to the bus. */
  remove(stream: EventStream, { subject }: EventsIdentity): void {
    if (!this.#streams.delete(stream)) return;
    this.#seeingAll.delete(stream);
    const own = this.#own.get(subject);
    if (own?.delete(stream) === true && own.size === 0) this.#own.delete(subject);
    const count = this.countOf(subject) - 1;
    if (count > 0) this.#counts.set(subject, count);
    else this.#counts.delete(subject);
    if (this.#streams.size > 0) return;
    this.#following.end();
    this.#onEmpty();
  }

  /** Sends a heartbeat to all streams. Streams that were opened before a time are ended, so that their clients authenticate again. */
  beat(openedBefore: number): void {
    const { position } = this.#following;
    for (const stream of [...this.#streams.keys()]) {
      const text = beatText(stream.lastId === position ? undefined : position);
      stream.send(text, text.length, position);
      if (stream.openedAt < openedBefore) stream.end(retryText(RETRY_MS));
    }
  }

  /** Ends the streams of callers whose access has been revoked or has expired. */
  endRevoked(): void {
    for (const [stream, identity] of [...this.#streams]) if (isRevoked(identity)) stream.end(retryText(RETRY_MS));
  }

  /** Ends all streams. Their clients reconnect, but not all at the same time. */
  close(): void {
    for (const stream of [...this.#streams.keys()]) stream.end(retryText(RETRY_MS + Math.floor(Math.random() * SPREAD_MS)));
  }

  #publish(kept: KeptEvent): void {
    const subject = subjectOf(kept.event);
    const audience = subject === undefined ? [this.#streams.keys()] : [this.#seeingAll, this.#own.get(subject) ?? NONE];
    let text: string | undefined;
    let bytes = 0;
    for (const streams of audience) {
      for (const stream of streams) {
        if (text === undefined) bytes = Buffer.byteLength((text = eventText(kept)));
        stream.send(text, bytes, kept.id);
      }
    }
  }
}
