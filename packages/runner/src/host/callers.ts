/** Gives the clients of calls ids, so that a child is told of each client once. */
import type { CallerBody } from '../protocol/messages.js';
import type { PendingCall } from './call.js';

/** Clients that one child knows at a time. */
const MAX_CALLERS = 1_000;

const bodyOf = ({ source, context }: PendingCall): CallerBody => {
  if (source !== undefined) {
    const { client, capabilities, version, logLevel } = source.request.caller;
    return { client, capabilities, protocolVersion: version, ...(logLevel === undefined ? {} : { logLevel }) };
  }
  const { client, clientCapabilities, protocolVersion } = context;
  // All levels: the context itself decides what is sent.
  return {
    client,
    capabilities: clientCapabilities,
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    logLevel: 'debug',
  };
};

/** The clients that one child knows. */
export class Callers {
  readonly #send: (id: number, json: string) => void;
  /** By the object that a session has for its client: the quick way. */
  #byObject = new WeakMap<object, { id: number; logLevel: unknown }>();
  readonly #byText = new Map<string, number>();
  #count = 0;

  /** @param send tells the child of a client */
  constructor(send: (id: number, json: string) => void) {
    this.#send = send;
  }

  /** The id of the client of a call. */
  idOf(call: PendingCall): number {
    const caller = call.source?.request.caller;
    const known = caller === undefined ? undefined : this.#byObject.get(caller);
    if (known !== undefined && known.logLevel === caller?.logLevel) return known.id;
    const text = JSON.stringify(bodyOf(call));
    let id = this.#byText.get(text);
    if (id === undefined) {
      if (this.#byText.size >= MAX_CALLERS) {
        this.#byText.clear();
        this.#byObject = new WeakMap();
      }
      // Ids are given again late: a caller that is sent again is replaced, and earlier calls may still be on their way.
      id = (this.#count % (2 * MAX_CALLERS)) + 1;
      this.#count += 1;
      this.#byText.set(text, id);
      this.#send(id, text);
    }
    if (caller !== undefined) this.#byObject.set(caller, { id, logLevel: caller.logLevel });
    return id;
  }
}
