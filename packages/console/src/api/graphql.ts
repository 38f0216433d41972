/** The GraphQL endpoint of a partition. */
import type { Json, JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { FailureKind } from './failure.js';
import { Failure } from './failure.js';
import type { Access } from './request.js';
import { send } from './request.js';

/** The codes of errors that are not `refused`. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  FORBIDDEN: 'forbidden',
  UNAUTHENTICATED: 'login',
  STORE_FAILED: 'broken',
  STORE_BUSY: 'broken',
  INTERNAL_ERROR: 'broken',
  UNAVAILABLE: 'broken',
  CLOSED: 'broken',
  TIMEOUT: 'broken',
};

function failureOf(error: Json | undefined): Failure {
  const { message, extensions } = isObject(error) ? error : {};
  const { code, ...data } = isObject(extensions) ? extensions : {};
  const text = typeof message === 'string' ? message : 'The server reported an error without a message.';
  const known = typeof code === 'string' ? code : undefined;
  return new Failure(KINDS[known ?? ''] ?? 'refused', text, { code: known, data });
}

/** What a page shows where the server has no GraphQL API, which most pages are made of. */
const TURNED_OFF = 'This server does not serve the GraphQL API (--no-graphql, MCP_GRAPHQL). The console needs it for this page.';

/**
 * Runs one operation.
 *
 * @param document the text of the operation
 * @returns its data
 * @throws Failure where there is an error, even beside data: the pages show nothing that is only half there
 */
export async function query(
  access: Access,
  document: string,
  variables: JsonObject = {},
  signal?: AbortSignal,
): Promise<JsonObject> {
  const headers = { accept: 'application/graphql-response+json, application/json' };
  const request = { method: 'POST' as const, headers, body: { query: document, variables }, signal };
  const isGraphql = (response: Response): boolean =>
    response.ok ||
    response.status === 404 ||
    (response.headers.get('content-type') ?? '').startsWith('application/graphql-response+json');
  const response = await send('/graphql', access, request, isGraphql);
  if (response.status === 404) throw new Failure('missing', TURNED_OFF);
  const body = (await response.json()) as { data?: JsonObject | null; errors?: readonly Json[] };
  const [error] = body.errors ?? [];
  if (error !== undefined) throw failureOf(error);
  return body.data ?? {};
}
