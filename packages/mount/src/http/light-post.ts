/**
 * Posts messages with `node:http`: Node's own `fetch` takes four times the CPU, and the official client as much again. An answer that is one
 * message in JSON is read here, up to a limit; all others go to the official client, as the `Response` that `fetch` gives.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';

import { DaemonError } from '@mcp-daemon/core';

/** An answer: the text of a JSON message, or anything else. */
export type PostAnswer = string | Response;

/** Posts to one address. */
export interface LightPost {
  /**
   * @throws TypeError as `fetch`, if the server cannot be reached; the reason of the signal, if it is aborted; DaemonError
   *   `limit_exceeded` for a JSON message that is too large
   */
  post(body: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<PostAnswer>;
  /** Closes all connections. */
  close(): void;
}

/** How long a connection without a request is kept, in milliseconds: servers close theirs after 5 seconds and more. */
const IDLE_MS = 4_000;

/** Statuses whose `Response` must have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The answer, as `fetch` gives it. */
function asResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(answer.headersDistinct))
    for (const value of values) headers.append(name, value);
  if (!WITHOUT_BODY.has(status))
    return new Response(Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array>, { status, statusText, headers });
  answer.resume();
  return new Response(null, { status, statusText, headers });
}

const isMessage = ({ statusCode, headers }: IncomingMessage): boolean =>
  statusCode === 200 && /^application\/json\b/i.test(headers['content-type'] ?? '');

/** Creates what posts to an address. @param maxBytes largest size of a JSON message */
export function createLightPost(address: URL, maxBytes: number): LightPost {
  const isSecure = address.protocol === 'https:';
  const request = isSecure ? requestHttps : requestHttp;
  const agent = new (isSecure ? SecureAgent : Agent)({ keepAlive: true, timeout: IDLE_MS });

  return {
    post: (body, headers, signal) =>
      new Promise((resolve, reject) => {
        const failed = (error: Error): void =>
          reject(signal?.aborted === true ? (signal.reason as Error) : new TypeError('fetch failed', { cause: error }));
        const sent = request(address, {
          ...{ method: 'POST', agent },
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          ...(signal === undefined ? {} : { signal }),
        });
        sent.on('response', (answer) => {
          if (!isMessage(answer)) return resolve(asResponse(answer));
          const chunks: Buffer[] = [];
          let bytes = 0;
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > maxBytes) {
              reject(new DaemonError('limit_exceeded', `The answer of a mounted server has more than ${maxBytes} bytes.`));
              answer.destroy();
            } else chunks.push(chunk);
          });
          answer.on('end', () => resolve(Buffer.concat(chunks, bytes).toString()));
          return answer.on('error', failed);
        });
        sent.on('error', failed);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}
