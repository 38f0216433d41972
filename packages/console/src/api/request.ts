/** Requests to the server that has sent this page, and to no other. */
import { targetOf } from '../base/partition.js';
import { Failure, refusalOf } from './failure.js';

/** On whose behalf requests are made. */
export interface Access {
  /** The partition that requests are about. */
  readonly partition: string;
  /** Undefined: the server asks for no token. */
  readonly token: string | undefined;
}

/** One request. */
export interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** The address of the server, without a slash at its end: the page is at `/console` or `/console/` below it. */
export const serverUrl = (): string => {
  const { origin, pathname } = location;
  return origin + pathname.replace(/\/console\/?$/, '');
};

/**
 * Sends a request.
 *
 * @param path with a slash at its beginning, without a partition
 * @param access undefined: without a partition and a token
 * @returns the response of a success, or of any status where the body says more; see `accepts`
 * @throws Failure of kind `offline` where there is no answer; by the status otherwise
 */
export async function send(
  path: string,
  access: Access | undefined,
  { method = 'GET', headers = {}, body, signal }: RequestOptions = {},
  accepts: (response: Response) => boolean = ({ ok }) => ok,
): Promise<Response> {
  const target = access === undefined ? { prefix: '', headers: {} } : targetOf(access.partition);
  const token = access?.token;
  let response: Response;
  try {
    response = await fetch(serverUrl() + target.prefix + path, {
      method,
      headers: {
        ...target.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      // The token is in a header: no cookie, no cache.
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Failure('offline', 'The server does not answer. It may be restarting, or the network is down.');
  }
  if (!accepts(response)) throw refusalOf(response.status, await response.text().catch(() => ''));
  return response;
}
