/** The address of the client, also behind proxies. */
import type { IncomingMessage } from 'node:http';

import { DaemonError } from '@mcp-daemon/core';
import proxyAddr from 'proxy-addr';

/** Returns the address of the client; empty where the socket is closed. */
export type AddressOf = (req: IncomingMessage) => string;

/**
 * Some proxies add the port of the client. It is removed: with a new port for each connection, a client would get around every limit
 * by address.
 */
const withoutPort = (address: string): string =>
  /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? /^\[(.+)\](:\d+)?$/.exec(address)?.[1] ?? address;

/**
 * Creates a function that returns the address of the client of a request.
 *
 * @param trustProxy the proxies whose `X-Forwarded-For` is trusted: how many there are, or their addresses and networks, such as
 *   `loopback` or `10.0.0.0/8`. Default: 0, the header is ignored
 * @throws DaemonError `usage` if `trustProxy` is neither
 * @see https://expressjs.com/en/guide/behind-proxies.html
 */
export function createAddressOf(trustProxy: number | readonly string[] = 0): AddressOf {
  const direct: AddressOf = (req) => req.socket.remoteAddress ?? '';
  if (trustProxy === 0) return direct;
  if (typeof trustProxy === 'number') {
    if (!Number.isInteger(trustProxy) || trustProxy < 0)
      throw new DaemonError('usage', 'TRUST_PROXY must be a number of proxies, or their addresses');
    return (req) => withoutPort(proxyAddr(req, (_address, hop) => hop < trustProxy) ?? '');
  }
  try {
    const trusted = proxyAddr.compile([...trustProxy]);
    return (req) => withoutPort(proxyAddr(req, trusted) ?? '');
  } catch (error) {
    throw new DaemonError('usage', `TRUST_PROXY: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
