/**
 * The streams of one session. A client can resume a stream after its connection was interrupted: sent events are kept for a while, up to
 * a limit.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery
 */
import type { ServerResponse } from 'node:http';

import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { endResponse } from '../wire/respond.js';

/** Milliseconds after which a client reconnects to an interrupted stream. */
const RETRY_MS = 1_000;
/** How long a call waits for its client to reconnect before it is cancelled. */
const RECONNECT_MS = 60_000;
/** How many events, and characters of events, one session keeps. The newest event is kept whatever its size. */
const MAX_EVENTS = 256;
const MAX_CHARACTERS = 256_000;
/** The key of the stream that belongs to no request. The keys of others count from 1. */
const STANDALONE = 0;

const EVENT_ID = /^(\d{1,10})-(\d{1,10})$/;

/** Whether an event id is one of the stream that belongs to no request. */
export const isStandaloneEvent = (lastEventId: string): boolean => lastEventId.startsWith(`${STANDALONE}-`);

/** An event that a client may ask for again. */
interface KeptEvent {
  readonly stream: ResumableStream;
  readonly number: number;
  readonly text: string;
  readonly at: number;
}

/** One stream. It has at most one connection at a time, but may have several one after the other. */
export class ResumableStream {
  readonly key: number;
  readonly #owner: SessionStreams;
  #res: ServerResponse | undefined;
  #last = 0;
  #ended = false;
  #reconnectTimer: NodeJS.Timeout | undefined;
  /** Called when the client has not reconnected in time. */
  onAbandoned: (() => void) | undefined;
  /** How many of its events are kept. */
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

  /** Continues on this connection, and ends the previous connection. @param first the events to begin with */
  attach(res: ServerResponse, caller: Caller, first: string): void {
    clearTimeout(this.#reconnectTimer);
    const before = this.#res;
    this.#res = res;
    if (before !== undefined) endResponse(before);
    this.#owner.streams.open(res, caller, first);
    if (this.#ended) {
      this.#res = undefined;
      endResponse(res);
    } else if (res.destroyed) this.#detach(res);
    else res.on('close', () => this.#detach(res));
  }

  /** Sends one message. It is also kept, for a client that is not connected or loses its connection. */
  push(text: string): void {
    if (this.#ended) return;
    this.#last += 1;
    const event = eventOf(text, `${this.key}-${this.#last}`);
    this.#owner.keep({ stream: this, number: this.#last, text: event, at: performance.now() });
    if (this.#res !== undefined) this.#owner.streams.write(this.#res, event);
  }

  /** Ends the stream and its connection. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#reconnectTimer);
    if (this.#res !== undefined) endResponse(this.#res);
    this.#res = undefined;
    this.#owner.forget(this);
  }

  #detach(res: ServerResponse): void {
    if (this.#res !== res) return;
    this.#res = undefined;
    if (this.key !== STANDALONE) this.#reconnectTimer = setTimeout(() => this.onAbandoned?.(), RECONNECT_MS).unref();
  }
}

/** What {@link SessionStreams} takes. */
export interface SessionStreamsOptions {
  /** Whether the client understands priming events. */
  readonly primes: boolean;
  /** Whether another connection or process has had streams of the session. */
  readonly isContinued: boolean;
  /** Called with the change in the number of kept characters. */
  readonly onKept: (characters: number) => void;
}

/** All streams of one session. */
export class SessionStreams {
  readonly streams: EventStreams;
  /** Whether the client understands priming events: events without a message, which give it an id to resume from. */
  readonly #primes: boolean;
  readonly #byKey = new Map<number, ResumableStream>();
  readonly #kept: KeptEvent[] = [];
  readonly #onKept: (characters: number) => void;
  #characters = 0;
  #next: number;

  constructor(streams: EventStreams, { primes, isContinued, onKept }: SessionStreamsOptions) {
    this.streams = streams;
    this.#primes = primes;
    this.#onKept = onKept;
    // Ids of events that the client knows from another process must not be those of streams of this one.
    this.#next = isContinued ? Math.floor(Date.now() / 1_000) : STANDALONE + 1;
  }

  /** Whether any stream has a connection. */
  get connected(): boolean {
    for (const stream of this.#byKey.values()) if (stream.connected) return true;
    return false;
  }

  /** The stream that belongs to no request; undefined: the client has never opened it. */
  get standalone(): ResumableStream | undefined {
    return this.#byKey.get(STANDALONE);
  }

  /** Opens the stream that belongs to no request. If it is open already, it continues on this connection. */
  openStandalone(res: ServerResponse, caller: Caller): void {
    const stream = this.standalone ?? this.#add(STANDALONE);
    stream.attach(res, caller, this.#priming(stream));
  }

  /** Opens the stream of a request. */
  open(res: ServerResponse, caller: Caller): ResumableStream {
    const stream = this.#add(this.#next++);
    stream.attach(res, caller, this.#priming(stream));
    return stream;
  }

  /**
   * Resumes a stream after the last event that the client has seen.
   *
   * @returns false where there was no such event, or its stream is no longer known
   */
  resume(lastEventId: string, res: ServerResponse, caller: Caller): boolean {
    const [, key, number] = EVENT_ID.exec(lastEventId)?.map(Number) ?? [];
    if (key === undefined || number === undefined) return false;
    const stream = this.#byKey.get(key);
    if (stream === undefined || number > stream.last) return false;
    const missed = this.#kept.filter((event) => event.stream === stream && event.number > number);
    // The stream has ended and the client has seen all of it. An empty stream would make the client reconnect forever.
    if (stream.ended && missed.length === 0) return false;
    stream.attach(res, caller, missed.map(({ text }) => text).join(''));
    return true;
  }

  /** Keeps an event for clients that reconnect; called by streams. */
  keep(event: KeptEvent): void {
    this.#kept.push(event);
    event.stream.kept += 1;
    this.#count(event.text.length);
    while (this.#kept.length > 1 && (this.#kept.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS)) this.#drop();
  }

  /** Drops kept events that were sent before a time, in milliseconds of `performance.now()`. */
  expire(before: number): void {
    for (let oldest = this.#kept[0]; oldest !== undefined && oldest.at < before; oldest = this.#kept[0]) this.#drop();
  }

  /** Removes a stream that has ended and of which no event is kept; called by streams. */
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
