/** All streams of one partition: what happens there is written once, for those whose business it is. */
import type { EventBus, Following, KeptEvent } from '@mcp-daemon/core';

import type { EventStream } from './stream.js';
import { beatText, eventText, gapText, readyText, retryText } from './text.js';
import type { EventsIdentity } from './viewer.js';
import { maySee, seesAll, subjectOf } from './viewer.js';

/** Milliseconds after which a client whose connection broke comes back. */
const RETRY_MS = 1_000;
/** When all are sent away at once they come back over this many milliseconds more. */
const SPREAD_MS = 2_000;

const NOBODY: ReadonlySet<EventStream> = new Set();

/** One partition. It follows the bus for as long as it has a stream. */
export class Feed {
  readonly #following: Following;
  readonly #onEmpty: () => void;
  readonly #streams = new Set<EventStream>();
  /** Those who see everybody's calls. */
  readonly #all = new Set<EventStream>();
  /** Those who see their own, by subject. */
  readonly #own = new Map<string, Set<EventStream>>();
  /** Streams of each subject. */
  readonly #counts = new Map<string, number>();

  constructor(bus: EventBus, partition: string, onEmpty: () => void) {
    this.#onEmpty = onEmpty;
    this.#following = bus.follow(partition, (kept) => this.#tell(kept));
  }

  /** How many streams one subject has open. */
  countOf(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }

  /**
   * Adds a stream, and tells it first what it missed: in the same breath, so that nothing falls between.
   *
   * @param lastEventId the id that its client saw last; undefined: it comes for the first time
   */
  add(stream: EventStream, identity: EventsIdentity, lastEventId: string | undefined): void {
    const { position } = this.#following;
    const missed = lastEventId === undefined ? [] : this.#following.after(lastEventId);
    const seen = typeof missed === 'string' ? [] : missed.filter(({ event }) => maySee(identity, event));
    const first = typeof missed === 'string' ? gapText(missed, position) : seen.map(eventText).join('');
    this.#streams.add(stream);
    this.#counts.set(identity.subject, this.countOf(identity.subject) + 1);
    if (seesAll(identity)) this.#all.add(stream);
    else this.#own.set(identity.subject, (this.#own.get(identity.subject) ?? new Set()).add(stream));
    stream.begin(retryText(RETRY_MS) + first + readyText(position), position);
  }

  /** Takes a stream out that has ended; the last one ends the feed. */
  remove(stream: EventStream, { subject }: EventsIdentity): void {
    if (!this.#streams.delete(stream)) return;
    this.#all.delete(stream);
    const own = this.#own.get(subject);
    if (own?.delete(stream) === true && own.size === 0) this.#own.delete(subject);
    const count = this.countOf(subject) - 1;
    if (count > 0) this.#counts.set(subject, count);
    else this.#counts.delete(subject);
    if (this.#streams.size > 0) return;
    this.#following.end();
    this.#onEmpty();
  }

  /** Shows that the streams live. Those opened before a time end: whoever comes back has to show anew who they are. */
  beat(openedBefore: number): void {
    const { position } = this.#following;
    for (const stream of [...this.#streams]) {
      const text = beatText(stream.told === position ? undefined : position);
      stream.send(text, text.length, position);
      if (stream.openedAt < openedBefore) stream.end(retryText(RETRY_MS));
    }
  }

  /** Ends all streams; their clients come back, though not all at once. */
  close(): void {
    for (const stream of [...this.#streams]) stream.end(retryText(RETRY_MS + Math.floor(Math.random() * SPREAD_MS)));
  }

  #tell(kept: KeptEvent): void {
    const subject = subjectOf(kept.event);
    const told = subject === undefined ? [this.#streams] : [this.#all, this.#own.get(subject) ?? NOBODY];
    let text: string | undefined;
    let bytes = 0;
    for (const streams of told) {
      for (const stream of streams) {
        if (text === undefined) bytes = Buffer.byteLength((text = eventText(kept)));
        stream.send(text, bytes, kept.id);
      }
    }
  }
}
