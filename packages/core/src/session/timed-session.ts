/** A connection whose session is measured, from its handshake to its end. Used only where there is telemetry. */
import type { EndedBy } from '../protocol/ended-by.js';
import type { AnnouncedLists, Caller } from '../protocol/exchange.js';
import type { SessionOptions } from './session.js';
import { Session } from './session.js';
import type { RequestObserver } from './telemetry.js';

/** A {@link Session} that says how long it lasted. A second handshake ends one session and begins another. */
export class TimedSession extends Session {
  readonly #observer: Pick<RequestObserver, 'sessionEnded'>;
  #running: { readonly caller: Caller; readonly startedAt: number } | undefined;

  constructor(options: SessionOptions, observer: Pick<RequestObserver, 'sessionEnded'>) {
    super(options);
    this.#observer = observer;
  }

  override begin(caller: Caller, lists: AnnouncedLists): void {
    this.#end();
    this.#running = { caller, startedAt: performance.now() };
    super.begin(caller, lists);
  }

  override close(by?: EndedBy): void {
    this.#end();
    super.close(by);
  }

  #end(): void {
    if (this.#running === undefined) return;
    const { caller, startedAt } = this.#running;
    this.#running = undefined;
    this.#observer.sessionEnded(caller.version, (performance.now() - startedAt) / 1_000);
  }
}
