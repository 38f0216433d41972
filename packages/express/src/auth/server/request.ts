/** Reads requests to the authorization server, and sends pages. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Body } from '../../wire/body.js';
import { createBodyReader } from '../../wire/body.js';
import { sendProblem } from '../../wire/problem.js';
import { requestHeaders } from '../../wire/request-info.js';
import type { Refusal } from '../../wire/respond.js';
import { endResponse } from '../../wire/respond.js';
import type { Page } from './pages.js';

/** Largest size of a form or of a registration. */
const MAX_BYTES = 16_384;

const READERS = {
  json: createBodyReader({ type: 'application/json', maxBytes: MAX_BYTES }),
  form: createBodyReader({ type: 'application/x-www-form-urlencoded', maxBytes: MAX_BYTES }),
} satisfies Record<string, ReturnType<typeof createBodyReader>>;

/** The names of media types that are read. */
export type Kind = keyof typeof READERS;

const read = (req: IncomingMessage, kind: Kind): Promise<Body | Refusal | undefined> =>
  new Promise((resolve) => {
    READERS[kind](req, resolve);
    req.once('close', () => resolve(undefined));
  });

/** The fields of a form; undefined: the request has been refused, or its client has gone. */
export async function formOf(req: IncomingMessage, res: ServerResponse): Promise<URLSearchParams | undefined> {
  const body = await read(req, 'form');
  if (body === undefined) return undefined;
  if ('status' in body) return void sendProblem(res, body);
  return 'text' in body ? new URLSearchParams(body.text) : new URLSearchParams(body.parsed as Record<string, string>);
}

/** The value of a JSON body; undefined: the request has been refused, or its client has gone. */
export async function jsonOf(req: IncomingMessage, res: ServerResponse): Promise<{ value: unknown } | undefined> {
  const body = await read(req, 'json');
  if (body === undefined) return undefined;
  if ('status' in body) return void sendProblem(res, body);
  if ('parsed' in body) return { value: body.parsed };
  try {
    return { value: JSON.parse(body.text) };
  } catch {
    return void sendProblem(res, { status: 400, message: 'The body must be JSON.', code: 'invalid_client_metadata' });
  }
}

/** Whether a browser says that a form was sent by a page of another site. */
export const isCrossSite = ({ headers }: IncomingMessage): boolean =>
  !['same-origin', 'none', undefined].includes(headers['sec-fetch-site'] as string | undefined);

/** Sends a page. */
export function sendPage(
  res: ServerResponse,
  status: number,
  { headers, text }: Page,
  more: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const all = {
    ...headers,
    ...more,
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  };
  for (const [name, value] of Object.entries(all)) res.setHeader(name, value);
  const own = requestHeaders(res);
  for (let at = 0; at + 1 < own.length; at += 2) res.setHeader(own[at] as string, own[at + 1] as string);
  res.statusCode = status;
  endResponse(res, text);
}

/** Sends the browser to another page, with GET. */
export function redirect(res: ServerResponse, location: string): void {
  res.setHeader('cache-control', 'no-store');
  res.setHeader('location', location);
  res.setHeader('content-length', '0');
  res.statusCode = 303;
  res.end();
}
