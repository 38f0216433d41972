/** The URL under which a client reaches this server. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { parsePublicUrl } from './public-url.js';

const HOST = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** The URL of a request's server, without a slash at its end. */
export type BaseUrl = (req: IncomingMessage) => string;

/**
 * Creates a function that finds the URL.
 *
 * @param publicUrl the URL under which clients reach this server; undefined: the one in the `Host` header of the request
 * @throws DaemonError `usage` if `publicUrl` is not a URL
 */
export function createBaseUrl(publicUrl: string | undefined): BaseUrl {
  const known = publicUrl === undefined ? undefined : parsePublicUrl(publicUrl);
  return ({ headers: { host = '' }, socket }) => {
    if (known !== undefined) return known.origin + known.prefix;
    const scheme = (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
    const url = `${scheme}://${HOST.test(host) ? host : 'localhost'}`;
    return URL.canParse(url) ? url : `${scheme}://localhost`; // such as a port above 65535
  };
}
