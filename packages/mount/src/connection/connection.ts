/**
 * The messages of one connection to another MCP server: requests and their answers, what the server sends meanwhile, and what it asks.
 * It knows neither pipes nor HTTP.
 */
import type { InputRequest, JsonObject, JsonRpcErrorObject, Logger, LogLevel, PassedAnswer, RequestId } from '@mcp-daemon/core';
import { isObject, LOG_LEVELS } from '@mcp-daemon/core';

import type { Carrier, CarrierEvents, SendOptions } from './carrier.js';
import type { Pending } from './pending.js';

/** The lists that a server can announce changes of. */
export type ListName = 'tools' | 'resources' | 'prompts';

/** What {@link Connection} takes. */
export interface ConnectionOptions {
  /** The name of the mount, for the log. */
  name: string;
  logger: Logger;
  /** Called when the server says that a list has changed. */
  onListChanged: (list: ListName) => void;
  /** Called when the server says that a resource has changed. */
  onResourceUpdated: (uri: string) => void;
  /** Called once, when the connection is gone. */
  onClosed: (why: string) => void;
}

const LIST_CHANGED = /^notifications\/(tools|resources|prompts)\/list_changed$/;
const QUESTIONS: readonly string[] = ['elicitation/create', 'sampling/createMessage', 'roots/list'];
/** JSON-RPC: the method does not exist; the request cannot be served. */
const METHOD_NOT_FOUND = -32601;
const INVALID_REQUEST = -32600;

/** One connection. */
export class Connection implements CarrierEvents {
  readonly #options: ConnectionOptions;
  readonly #pending = new Map<number, Pending>();
  #carrier: Carrier | undefined;
  #nextId = 1;
  #closed: string | undefined;
  #usual: SendOptions = {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Gives the connection its carrier. */
  attach(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /** Why the connection is gone; undefined: it is open. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** The protocol version, when it is agreed on. */
  get version(): string | undefined {
    return this.#usual.version;
  }

  set version(version: string | undefined) {
    this.#usual = { version };
  }

  /** Requests without an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The id that the next request gets: its progress token. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Sends a request. @returns its id, to cancel it */
  send(method: string, params: JsonObject, pending: Pending, options?: SendOptions): number {
    const id = this.#nextId++;
    if (this.#carrier === undefined || this.#closed !== undefined) {
      pending.fail(new Error(this.#closed ?? 'the connection is not open'));
      return id;
    }
    this.#pending.set(id, pending);
    this.#carrier.send(
      { jsonrpc: '2.0', id, method, params },
      options === undefined ? this.#usual : { ...this.#usual, ...options },
    );
    return id;
  }

  /** Sends a request of our own. @throws Error (as a rejection) if the connection is lost */
  request(method: string, params: JsonObject, options?: SendOptions): Promise<PassedAnswer> {
    return new Promise((resolve, reject) => {
      this.send(method, params, { settle: resolve, fail: reject }, options);
    });
  }

  notify(method: string, params?: JsonObject): void {
    this.#carrier?.send({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) }, this.#usual);
  }

  /** Forgets a request: its answer is not wanted any more. @param tell whether the server gets a notification */
  cancel(id: number, reason: string, tell: boolean): void {
    if (!this.#pending.delete(id)) return;
    if (tell) this.notify('notifications/cancelled', { requestId: id, reason });
  }

  /** Ends the connection. Running requests fail. */
  async close(why: string): Promise<void> {
    this.#end(why);
    await this.#carrier?.close();
  }

  onClosed(why: string, answersLater = false): void {
    if (this.#closed !== undefined) return;
    if (answersLater) this.#closed = why;
    else this.#end(why);
    this.#options.onClosed(why);
  }

  onFailure(id: number, error: Error): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.fail(error);
  }

  onMessage(message: unknown, related?: number): void {
    if (Array.isArray(message)) {
      for (const one of message as unknown[]) this.onMessage(one, related);
      return;
    }
    if (!isObject(message)) return this.#stray('a message that is no object');
    const { id, method } = message;
    if (method === undefined) return this.#answered(message, id);
    if (typeof method !== 'string') return this.#stray('a message whose method is no text');
    const params = isObject(message['params']) ? message['params'] : {};
    if (typeof id === 'string' || typeof id === 'number') this.#asked(id, method, params, related);
    else this.#notified(method, params, related);
  }

  #answered(message: JsonObject, id: unknown): void {
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined) return this.#stray('an answer to no running request');
    this.#pending.delete(id as number);
    const { result, error } = message;
    if (isObject(result)) pending.settle({ result });
    else if (isObject(error)) pending.settle({ error: errorOf(error) });
    else pending.fail(new Error(`the server "${this.#options.name}" sent an answer that has neither a result nor an error`));
  }

  #notified(method: string, params: JsonObject, related: number | undefined): void {
    if (method === 'notifications/progress') return this.#progressed(params);
    if (method === 'notifications/message') return this.#logged(params, related);
    if (method === 'notifications/resources/updated') {
      if (typeof params['uri'] === 'string') this.#options.onResourceUpdated(params['uri']);
      return;
    }
    const list = LIST_CHANGED.exec(method)?.[1];
    if (list !== undefined) return this.#options.onListChanged(list as ListName);
    if (method === 'notifications/cancelled') {
      const { requestId } = params;
      for (const { caller } of this.#pending.values()) caller?.withdraw(String(requestId));
      return;
    }
    if (related !== undefined) this.#pending.get(related)?.notified?.(method, params);
    else for (const pending of this.#pending.values()) pending.notified?.(method, params);
  }

  #progressed({ progressToken, progress, total, message }: JsonObject): void {
    if (typeof progressToken !== 'number' || typeof progress !== 'number') return;
    this.#pending
      .get(progressToken)
      ?.caller?.progress(
        progress,
        typeof total === 'number' ? total : undefined,
        typeof message === 'string' ? message : undefined,
      );
  }

  #logged({ level, data, logger }: JsonObject, related: number | undefined): void {
    const severity = LOG_LEVELS.find((known) => known === level) ?? ('info' as LogLevel);
    const from = typeof logger === 'string' ? logger : undefined;
    const caller = this.#callerOf(related);
    if (caller !== undefined) return caller.log(severity, data, from);
    this.#options.logger.debug({ server: this.#options.name, level, data, logger }, 'a mounted server logged a message');
  }

  /**
   * The caller that a message belongs to, if it does not name its request: the one whose stream it came on; else the newest, if all
   * running calls are of the same caller. Otherwise nobody may get it.
   */
  #callerOf(related: number | undefined): Pending['caller'] {
    if (related !== undefined) return this.#pending.get(related)?.caller;
    let found: Pending['caller'];
    for (const { caller } of this.#pending.values()) {
      if (caller === undefined) continue;
      if (found !== undefined && found.who !== caller.who) return undefined;
      found = caller;
    }
    return found;
  }

  #asked(id: RequestId, method: string, params: JsonObject, related: number | undefined): void {
    const reply = ({ result, error }: PassedAnswer): void =>
      this.#carrier?.send(
        error === undefined ? { jsonrpc: '2.0', id, result: result ?? {} } : { jsonrpc: '2.0', id, error },
        this.#usual,
      );
    if (method === 'ping') return reply({ result: {} });
    if (!QUESTIONS.includes(method))
      return reply({ error: { code: METHOD_NOT_FOUND, message: `Method not found: ${method.slice(0, 200)}` } });
    const caller = this.#callerOf(related);
    if (caller !== undefined) return caller.ask(String(id), { method, params } as unknown as InputRequest, reply);
    // Servers ask for roots when they start, before any call.
    if (method === 'roots/list') return reply({ result: { roots: [] } });
    const { name, logger } = this.#options;
    logger.warn(
      { server: name, method },
      `the server "${name}" asked its client, but it is not known which of the running calls asks`,
    );
    reply({ error: { code: INVALID_REQUEST, message: 'It is not known which of the running calls asks.' } });
  }

  #stray(what: string): void {
    const { name, logger } = this.#options;
    logger.debug({ server: name }, `the server "${name}" sent ${what}; it is left out`);
  }

  #end(why: string): void {
    this.#closed ??= why;
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of open) pending.fail(new Error(why));
  }
}

/** An error of a server, with the members that JSON-RPC demands. */
function errorOf({ code, message, data }: JsonObject): JsonRpcErrorObject {
  const error: JsonRpcErrorObject = {
    code: typeof code === 'number' && Number.isInteger(code) ? code : INVALID_REQUEST,
    message: typeof message === 'string' ? message : 'The server gave no message.',
  };
  if (data !== undefined) error.data = data;
  return error;
}
