/** Where a request comes from. */
import type { IncomingMessage } from 'node:http';

import { DaemonError } from '@mcp-daemon/core';
import proxyAddr from 'proxy-addr';

/** Tells where a request comes from. */
export type AddressOf = (req: IncomingMessage) => string;

/** Some proxies write the port, too, of which a client has as many as it likes: its attempts would count for nothing. */
const withoutPort = (address: string): string =>
  /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? /^\[(.+)\](:\d+)?$/.exec(address)?.[1] ?? address;

/**
 * Creates what tells the address of a client, also behind proxies.
 *
 * @param trustProxy whose `X-Forwarded-For` is believed: how many proxies there are, or their addresses and networks, such as
 *   `loopback` or `10.0.0.0/8`. Default: nobody's
 * @throws DaemonError `usage` where it is neither
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
