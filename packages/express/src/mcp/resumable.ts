/**
 * The streams of one session, each of which can be taken up again where its connection broke. What was sent is kept for a
 * while, and within bounds.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery
 */
import type { ServerResponse } from 'node:http';

import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { endResponse } from '../wire/respond.js';

/** Milliseconds after which a client comes back to a stream that broke. */
const RETRY_MS = 1_000;
/** Milliseconds for which a call waits for its client to come back. */
const ABSENCE_MS = 60_000;
/** What one session keeps; its newest event is kept whatever its size. */
const MAX_EVENTS = 256;
const MAX_CHARACTERS = 256_000;
/** The stream that belongs to no request; the others are counted from 1. */
const STANDALONE = 0;

const EVENT_ID = /^(\d{1,10})-(\d{1,10})$/;

interface KeptEvent {
  readonly stream: ResumableStream;
  readonly number: number;
  readonly text: string;
  readonly at: number;
}

/** One stream, over any number of connections, one at a time. */
export class ResumableStream {
  readonly key: number;
  readonly #owner: SessionStreams;
  #res: ServerResponse | undefined;
  #last = 0;
  #ended = false;
  #absence: NodeJS.Timeout | undefined;
  /** Told when the client has not come back in time. */
  onAbandoned: (() => void) | undefined;
  /** Events that are still kept. */
  kept = 0;

  constructor(key: number, owner: SessionStreams) {
    this.key = key;
    this.#owner = owner;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get connected(): boolean {
    return this.#res !== undefined;
  }

  /** The number of the newest event. */
  get last(): number {
    return this.#last;
  }

  /** Goes on over this connection, in place of the one before. */
  attach(res: ServerResponse, first: string): void {
    clearTimeout(this.#absence);
    const before = this.#res;
    this.#res = res;
    if (before !== undefined) endResponse(before);
    this.#owner.streams.open(res, first);
    if (this.#ended) {
      this.#res = undefined;
      endResponse(res);
    } else if (res.destroyed) this.#detach(res);
    else res.on('close', () => this.#detach(res));
  }

  /** Sends one message; without a connection, or where it breaks, it waits to be fetched. */
  push(text: string): void {
    if (this.#ended) return;
    this.#last += 1;
    const event = eventOf(text, `${this.key}-${this.#last}`);
    this.#owner.keep({ stream: this, number: this.#last, text: event, at: Date.now() });
    if (this.#res !== undefined) this.#owner.streams.write(this.#res, event);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#absence);
    if (this.#res !== undefined) endResponse(this.#res);
    this.#res = undefined;
    this.#owner.forget(this);
  }

  #detach(res: ServerResponse): void {
    if (this.#res !== res) return;
    this.#res = undefined;
    if (this.key !== STANDALONE) this.#absence = setTimeout(() => this.onAbandoned?.(), ABSENCE_MS).unref();
  }
}

/** All streams of one session. */
export class SessionStreams {
  readonly streams: EventStreams;
  /** Whether the client knows an event without a message, which tells it where to take up a stream that has said nothing yet. */
  readonly #primes: boolean;
  readonly #byKey = new Map<number, ResumableStream>();
  readonly #kept: KeptEvent[] = [];
  readonly #onKept: (characters: number) => void;
  #characters = 0;
  #next = STANDALONE + 1;

  /** @param onKept told how much more is kept, or less */
  constructor(streams: EventStreams, primes: boolean, onKept: (characters: number) => void) {
    this.streams = streams;
    this.#primes = primes;
    this.#onKept = onKept;
  }

  /** Whether a client is there to read. */
  get connected(): boolean {
    for (const stream of this.#byKey.values()) if (stream.connected) return true;
    return false;
  }

  /** The stream that belongs to no request, if the client ever opened one. */
  get standalone(): ResumableStream | undefined {
    return this.#byKey.get(STANDALONE);
  }

  /** Opens the stream that belongs to no request; one that is open already goes on here. */
  openStandalone(res: ServerResponse): void {
    const stream = this.standalone ?? this.#add(STANDALONE);
    stream.attach(res, this.#priming(stream));
  }

  /** Opens the stream of a request. */
  open(res: ServerResponse): ResumableStream {
    const stream = this.#add(this.#next++);
    stream.attach(res, this.#priming(stream));
    return stream;
  }

  /**
   * Takes up a stream after the event that its client saw last.
   *
   * @returns false: there is no such event, or nothing is left of its stream
   */
  resume(lastEventId: string, res: ServerResponse): boolean {
    const [, key, number] = EVENT_ID.exec(lastEventId)?.map(Number) ?? [];
    if (key === undefined || number === undefined) return false;
    const stream = this.#byKey.get(key);
    if (stream === undefined || number > stream.last) return false;
    const missed = this.#kept.filter((event) => event.stream === stream && event.number > number);
    // A stream that has ended and been read: a client that finds nothing there would come back for ever.
    if (stream.ended && missed.length === 0) return false;
    stream.attach(res, missed.map(({ text }) => text).join(''));
    return true;
  }

  /** Keeps an event for those who come back; called by streams. */
  keep(event: KeptEvent): void {
    this.#kept.push(event);
    event.stream.kept += 1;
    this.#count(event.text.length);
    while (this.#kept.length > 1 && (this.#kept.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS)) this.#drop();
  }

  /** Lets go of what was sent before a time. */
  expire(before: number): void {
    for (let oldest = this.#kept[0]; oldest !== undefined && oldest.at < before; oldest = this.#kept[0]) this.#drop();
  }

  /** A stream that has ended is known for as long as something of it is kept; called by streams. */
  forget(stream: ResumableStream): void {
    if (stream.ended && stream.kept === 0) this.#byKey.delete(stream.key);
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of [...this.#byKey.values()]) if (!stream.ended) stream.end();
    this.expire(Infinity);
  }

  #add(key: number): ResumableStream {
    const stream = new ResumableStream(key, this);
    this.#byKey.set(key, stream);
    return stream;
  }

  #priming({ key, last }: ResumableStream): string {
    return this.#primes ? `id: ${key}-${last}\nretry: ${RETRY_MS}\ndata: \n\n` : '';
  }

  #drop(): void {
    const event = this.#kept.shift();
    if (event === undefined) return;
    event.stream.kept -= 1;
    this.#count(-event.text.length);
    this.forget(event.stream);
  }

  #count(characters: number): void {
    this.#characters += characters;
    this.#onKept(characters);
  }
}
