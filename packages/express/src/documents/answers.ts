/** Answers that many endpoints have. */
import type { Answer } from './endpoint.js';
import type { SCHEMAS } from './schemas.js';
import { ref } from './schemas.js';

/** An answer in JSON. */
export const json = (description: string, schema: keyof typeof SCHEMAS, headers?: Answer['headers']): Answer => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
  ...(headers === undefined ? {} : { headers }),
});

const RETRY = { 'Retry-After': 'Seconds after which to come again.' };
const CHALLENGE = { 'WWW-Authenticate': 'Where the metadata of RFC 9728 is.' };

const REFUSALS = {
  400: ['The request is malformed.'],
  401: ['There is no good token.', CHALLENGE],
  403: ['Who calls may not do this, or not in this partition.'],
  404: ['There is no such session, or no such method.'],
  405: ['Another method is needed.', { Allow: 'The methods that are served.' }],
  406: ['`Accept` does not allow the form of the answer.'],
  413: ['The body is too large.'],
  415: ['The body is of another type, or compressed.'],
  429: ['Too many requests.', RETRY],
  500: ['The server failed.'],
  503: ['The server has no room for it now, or is shutting down.', RETRY],
} as const satisfies Record<number, readonly [string, Answer['headers']?]>;

/** Refusals by status, with the body that this part of the server has for them. */
export const refusals = (
  schema: 'RpcError' | 'Problem' | 'Refusal',
  ...statuses: (keyof typeof REFUSALS)[]
): Record<number, Answer> =>
  Object.fromEntries(
    statuses.map((status) => {
      const [description, headers] = REFUSALS[status] as readonly [string, Answer['headers']?];
      return [status, json(description, schema, headers)];
    }),
  );
