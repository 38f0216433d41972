/** Answers that many operations share. */
import type { Answer } from './operation.js';
import type { SCHEMAS } from './schemas.js';
import { ref } from './schemas.js';

/** An answer with a JSON body. @param schema the name of the body's schema */
export const json = (description: string, schema: keyof typeof SCHEMAS, headers?: Answer['headers']): Answer => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
  ...(headers === undefined ? {} : { headers }),
});

const RETRY = { 'Retry-After': 'Seconds to wait before the next try.' };
const CHALLENGE = { 'WWW-Authenticate': 'The URL of the metadata of RFC 9728.' };

const REFUSALS = {
  400: ['The request is malformed.'],
  401: ['There is no valid token.', CHALLENGE],
  403: ['The caller may not do this, or may not use this partition.'],
  404: ['The session or the method does not exist.'],
  405: ['The path does not support this HTTP method.', { Allow: 'The supported methods.' }],
  406: ['`Accept` does not include the media type of the answer.'],
  413: ['The body is too large.'],
  415: ['The body has an unsupported media type, or is compressed.'],
  429: ['Too many requests.', RETRY],
  500: ['The server failed to handle the request.'],
  503: ['The server is at one of its limits, or is shutting down.', RETRY],
} as const satisfies Record<number, readonly [string, Answer['headers']?]>;

/** Refusals by status. @param schema the name of the schema of their bodies, which differs between MCP, GraphQL and other paths */
export const refusals = (
  schema: 'RpcError' | 'Problem' | 'Refusal' | 'GraphqlResponse',
  ...statuses: (keyof typeof REFUSALS)[]
): Record<number, Answer> =>
  Object.fromEntries(
    statuses.map((status) => {
      const [description, headers] = REFUSALS[status] as readonly [string, Answer['headers']?];
      return [status, json(description, schema, headers)];
    }),
  );
