/**
 * Requests to DynamoDB without the SDK: those that write call records. The SDK takes over a millisecond of CPU for a batch of 25 rows,
 * and this a third of it. Address and credentials are those of the SDK, and so are the limits: three attempts, a time for each, and one
 * for all of them.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { DaemonError } from '@mcp-daemon/core';

import { isThrottled, isUnreachable, nameOf } from '../base/errors.js';
import { backOff } from '../base/pacing.js';
import type { Identity } from '../base/sigv4.js';
import { createSigner } from '../base/sigv4.js';

/** Where DynamoDB is. */
export interface Address {
  protocol: 'http:' | 'https:';
  hostname: string;
  port: number | undefined;
  path: string;
  /** The region that signatures name. */
  region: string;
}

/** Counts since the client was made. */
export interface DynamoCounts {
  /** Requests that were answered, or given up. */
  requests: number;
  /** Attempts beyond the first, of all requests. */
  retries: number;
  /** Requests that AWS throttled to the end, and batches of writes of which it left a part undone. */
  throttled: number;
  /** Read units, where they are counted. */
  readUnits: number;
  /** Write units, where they are counted. */
  writeUnits: number;
}

/** Time limits of requests, in milliseconds. */
export interface WireLimits {
  /** To open a connection. */
  connectTimeoutMs: number;
  /** For one attempt. */
  requestTimeoutMs: number;
  /** For all attempts of a request. */
  deadlineMs: number;
}

/** What {@link createWire} takes. */
export interface WireOptions extends WireLimits {
  address: Address;
  /** Asked before each attempt. Keeps them, and renews them before they end. */
  credentials: () => Promise<Identity>;
  counts: DynamoCounts;
  /** Whether to ask for the cost of each request, and to count it. */
  countUnits: boolean;
}

/** An answer of DynamoDB. */
export type WireAnswer = Readonly<Record<string, unknown>>;

/** Sends requests. */
export interface Wire {
  readonly counts: DynamoCounts;
  /**
   * Sends one request that writes.
   *
   * @param action the operation, as `PutItem`
   * @param body the text of its JSON object, which is not empty
   * @throws an Error like the SDK's, with the name that DynamoDB gave it; DaemonError `store_busy` if something else answered, `closed`
   */
  post(action: string, body: string): Promise<WireAnswer>;
  /** Ends the connections; use after it is refused. */
  close(): void;
}

export const MAX_ATTEMPTS = 3;
export const MAX_SOCKETS = 50;
/** A service that is overloaded is asked again after a longer pause. */
const THROTTLED_PAUSE = 3;
/** Clocks that differ less are no reason for a refusal. */
const CLOCKS_MS = 60_000;
const SKEWED = new Set(['InvalidSignatureException', 'RequestExpired', 'RequestTimeTooSkewed', 'SignatureDoesNotMatch']);

interface Answered {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

const timeout = (what: string, limitMs: number): Error =>
  Object.assign(new Error(`${what} after ${limitMs} ms`), { name: 'TimeoutError' });

/** The port is a part of the signed host, unless it is the one of the protocol. */
function hostOf({ protocol, hostname, port }: Address): string {
  return port === undefined || port === (protocol === 'https:' ? 443 : 80) ? hostname : `${hostname}:${port}`;
}

/** Sends one request, and reads its answer. @throws what the network throws, and `TimeoutError` */
function exchange(
  send: (options: RequestOptions) => ClientRequest,
  options: RequestOptions,
  body: Uint8Array,
  { connectTimeoutMs, requestTimeoutMs }: Omit<WireLimits, 'deadlineMs'>,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let connecting: NodeJS.Timeout | undefined;
    const request = send(options);
    const limit = setTimeout(() => request.destroy(timeout('there was no answer', requestTimeoutMs)), requestTimeoutMs);
    const over = (error: Error): void => {
      clearTimeout(limit);
      clearTimeout(connecting);
      reject(error);
    };
    request.on('error', over);
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      connecting = setTimeout(() => request.destroy(timeout('there was no connection', connectTimeoutMs)), connectTimeoutMs);
      socket.once('connect', () => clearTimeout(connecting));
    });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', over);
      response.on('end', () => {
        clearTimeout(limit);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.end(body);
  });
}

/** The content of an answer. @throws an Error like the SDK's; SyntaxError if it is no JSON */
function read({ status, headers, text }: Answered): WireAnswer {
  const $metadata = { httpStatusCode: status, requestId: headers['x-amzn-requestid'] };
  let found: Record<string, unknown>;
  try {
    found = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  } catch (error) {
    throw Object.assign(error as Error, { $metadata });
  }
  if (status >= 300) {
    const said = typeof found['__type'] === 'string' ? found['__type'] : 'Unknown';
    const message = found['message'] ?? found['Message'];
    const name = said.replace(/^.*#/, '').replace(/:.*$/, '');
    throw Object.assign(new Error(typeof message === 'string' ? message : name), { name, $metadata });
  }
  // An empty answer of a proxy reads like one of DynamoDB.
  if ($metadata.requestId === undefined)
    throw new DaemonError('store_busy', 'Something other than DynamoDB answered: check the endpoint and any proxy.');
  return found;
}

const statusOf = (error: unknown): number =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;

/** Whether a signature was refused for its time, and the clock is set by now. */
const isSkewed = (error: unknown): boolean => (error as { isSkewed?: true }).isSkewed === true;

/** Whether another attempt may succeed. */
const isPassing = (error: unknown): boolean =>
  isThrottled(error) || isUnreachable(error) || nameOf(error) === 'TimeoutError' || statusOf(error) >= 500;

/** The units of an answer. */
function unitsOf({ ConsumedCapacity: said }: WireAnswer): number {
  const all = [said ?? []].flat() as { CapacityUnits?: number }[];
  return all.reduce((sum, { CapacityUnits: units = 0 }) => sum + units, 0);
}

/** Creates a sender. It opens no connection before the first request. */
export function createWire(options: WireOptions): Wire {
  const { address, credentials, counts, countUnits, connectTimeoutMs, requestTimeoutMs, deadlineMs } = options;
  const isSecure = address.protocol === 'https:';
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const send = isSecure ? httpsRequest : httpRequest;
  const sign = createSigner(address.region, 'dynamodb');
  const host = hostOf(address);
  const to: RequestOptions = {
    ...{ agent, method: 'POST', path: address.path },
    hostname: address.hostname.replace(/^\[|\]$/g, ''),
    ...(address.port === undefined ? {} : { port: address.port }),
  };
  let closed = false;
  /** What is added to this machine's clock, once DynamoDB has refused a signature for its time. */
  let clockMs = 0;

  async function attempt(action: string, body: Uint8Array, until: number): Promise<WireAnswer> {
    const identity = await credentials();
    const now = Date.now() + clockMs;
    const headers = sign(identity, { host, path: address.path, target: `DynamoDB_20120810.${action}`, body, now });
    headers['content-length'] = String(body.length);
    headers['user-agent'] = 'mcp-daemon';
    const left = Math.max(1, Math.ceil(until - performance.now()));
    const limits = { connectTimeoutMs: Math.min(connectTimeoutMs, left), requestTimeoutMs: Math.min(requestTimeoutMs, left) };
    const answered = await exchange(send, { ...to, headers }, body, limits);
    try {
      return read(answered);
    } catch (error) {
      const ahead = Date.parse(answered.headers.date ?? '') - Date.now();
      if (!SKEWED.has(nameOf(error)) || !(Math.abs(ahead - clockMs) > CLOCKS_MS)) throw error;
      clockMs = ahead;
      throw Object.assign(error as Error, { isSkewed: true });
    }
  }

  return {
    counts,
    async post(action, body) {
      if (closed) throw new DaemonError('closed', 'The store is closed.');
      const bytes = Buffer.from(countUnits ? `${body.slice(0, -1)},"ReturnConsumedCapacity":"TOTAL"}` : body, 'utf8');
      const until = performance.now() + deadlineMs;
      let failures = 0;
      try {
        for (;;) {
          try {
            const answer = await attempt(action, bytes, until);
            if (countUnits) counts.writeUnits += unitsOf(answer);
            return answer;
          } catch (error) {
            if (failures + 1 === MAX_ATTEMPTS || closed || !(isSkewed(error) || isPassing(error))) throw error;
            const pauses = failures + 1 + (isThrottled(error) ? THROTTLED_PAUSE : 0);
            if (!isSkewed(error) && !(await backOff(pauses, until))) throw error;
            failures += 1;
          }
        }
      } catch (error) {
        if (isThrottled(error)) counts.throttled += 1;
        throw error;
      } finally {
        counts.requests += 1;
        counts.retries += failures;
      }
    },
    close() {
      closed = true;
      agent.destroy();
    },
  };
}
