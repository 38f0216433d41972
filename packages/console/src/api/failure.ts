/** How requests fail, in words for the user. */
import type { Json } from '../base/json.js';
import { isObject, parseJson } from '../base/json.js';

/**
 * `offline`: the server did not answer; `login`: there is no token, or it has expired; `forbidden`: the roles of the user do not allow
 * it; `refused`: the request was wrong, or a limit was reached; `broken`: the server failed; `missing`: the server has no such path.
 */
export type FailureKind = 'offline' | 'login' | 'forbidden' | 'refused' | 'missing' | 'broken';

/** A request that failed. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  /** The machine-readable code of the server, such as `conflict`. */
  readonly code: string | undefined;
  /** More about the failure, such as the mistakes of a config. */
  readonly data: unknown;

  constructor(kind: FailureKind, message: string, more: { code?: string | undefined; data?: unknown } = {}) {
    super(message);
    this.kind = kind;
    this.code = more.code;
    this.data = more.data;
  }
}

/** Any error as a failure. */
export const failureOf = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('broken', error instanceof Error ? error.message : String(error));

/** The text of a member, where it has one. */
const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * What the server says about a refusal: in the form of OAuth 2, of JSON-RPC, or of GraphQL.
 *
 * @param status the HTTP status
 * @param text the body
 */
export function refusalOf(status: number, text: string): Failure {
  const parsed = parseJson(text);
  const body = 'value' in parsed && isObject(parsed.value) ? parsed.value : {};
  const { error, errors } = body;
  const [first] = Array.isArray(errors) ? (errors as readonly Json[]) : [error];
  const nested = isObject(first) ? first : {};
  const extensions = isObject(nested['extensions']) ? nested['extensions'] : {};
  const message = textOf(body['error_description']) ?? textOf(nested['message']) ?? textOf(body['message']);
  const code = textOf(error) ?? textOf(extensions['code']);
  return new Failure(kindOfStatus(status), message ?? `The server answered ${status}.`, { code, data: body });
}

/** The kind of an HTTP status that is not a success. */
export function kindOfStatus(status: number): FailureKind {
  if (status === 401) return 'login';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'missing';
  return status < 500 ? 'refused' : 'broken';
}
