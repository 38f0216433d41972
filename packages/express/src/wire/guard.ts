/**
 * Checks the client address, `Host` and `Origin` of requests. A web page in the user's browser can reach a server on the user's machine
 * through a host name of its own (DNS rebinding); its `Host` and `Origin` headers show that.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security-%26-endpoint
 */
import type { IncomingMessage } from 'node:http';

import { DaemonError } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';

/** What {@link createGuard} takes. */
export interface GuardOptions {
  /**
   * Allowed host names besides loopback, each with a port or for all ports. Undefined: every name is allowed for requests that are
   * authenticated.
   */
  allowedHosts: readonly string[] | undefined;
  /** Allowed origins of web pages besides loopback, such as `https://example.com`. */
  allowedOrigins: readonly string[];
}

/**
 * Checks one request.
 *
 * @param authenticated whether the request has been, or will be, authenticated
 * @returns a refusal with 403; undefined: the request is allowed
 */
export type Guard = (req: IncomingMessage, authenticated: boolean) => Refusal | undefined;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** `example.com` of `example.com:8080`. */
const nameOf = (host: string): string => host.replace(/:\d*$/, '');

/** A socket without an address, such as a Unix socket, is local. */
const isLoopbackPeer = (address: string | undefined): boolean =>
  address === undefined || address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');

/** An address that a proxy may write for a client on this machine. */
const LOCAL_CLIENT = /^(?:for=)?"?\[?(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3}|localhost)\]?(?::\d+)?"?$/i;

/** Whether a proxy says that a request comes from another machine. */
function isForwarded({ headers }: IncomingMessage): boolean {
  const { forwarded, 'x-forwarded-for': xForwardedFor } = headers;
  if (forwarded === undefined && xForwardedFor === undefined) return false;
  const clients = [
    ...(xForwardedFor ?? '').toString().split(','),
    ...((forwarded ?? '').match(/for=(?:"[^"]*"|[^;,\s]*)/gi) ?? []),
  ];
  return clients.some((client) => client.trim() !== '' && !LOCAL_CLIENT.test(client.trim()));
}

const forbidden = (message: string): Refusal => ({ status: 403, message });

/** Refuses values that could never match. @throws DaemonError `usage` */
function checkForm(given: readonly string[], form: RegExp, wanted: string): void {
  const wrong = given.find((text) => !form.test(text));
  if (wrong !== undefined) throw new DaemonError('usage', `${wanted}, got ${JSON.stringify(wrong)}`);
}

/** An origin in lower case, without a slash after its host. */
const plain = (origin: string): string => origin.toLowerCase().replace(/([^/])\/$/, '$1');

/**
 * Creates a check for origins: the given ones and those of loopback are allowed.
 *
 * @throws DaemonError `usage` if a value is not an origin
 */
export function createOriginCheck(allowedOrigins: readonly string[]): (origin: string) => boolean {
  checkForm(
    allowedOrigins,
    /^(null|\*|[a-z][a-z\d+.-]*:\/\/[^/\s*]*\/?)$/i,
    'ALLOWED_ORIGINS must be origins such as https://app.example.com, null, or * for all',
  );
  const origins = new Set(allowedOrigins.map(plain));
  if (origins.has('*')) return () => true;
  return (given) => {
    const origin = plain(given);
    if (origins.has(origin)) return true;
    const host = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
    return host !== undefined && LOOPBACK.has(nameOf(host));
  };
}

/**
 * Creates a check for the `Host` header: the given names and those of loopback are allowed.
 *
 * @throws DaemonError `usage` if a value is not a host name
 */
export function createHostCheck(allowedHosts: readonly string[]): (host: string) => boolean {
  checkForm(allowedHosts, /^[^/\s*@]+$/, 'ALLOWED_HOSTS must be names such as mcp.example.com, with or without a port');
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (given) => {
    const host = given.toLowerCase();
    const name = nameOf(host);
    return LOOPBACK.has(name) || hosts.has(host) || hosts.has(name);
  };
}

/** The refusal of a request with another host name. */
export const UNKNOWN_HOST = forbidden(
  'The Host header does not name an allowed host of this server. ALLOWED_HOSTS adds host names.',
);

/**
 * Creates the check of a server.
 *
 * @throws DaemonError `usage` if a value is not an origin, or not a host name
 */
export function createGuard({ allowedHosts, allowedOrigins }: GuardOptions): Guard {
  const isKnownHost = createHostCheck(allowedHosts ?? []);
  const isKnownOrigin = createOriginCheck(allowedOrigins);

  return (req, authenticated) => {
    if (!authenticated && !isLoopbackPeer(req.socket.remoteAddress))
      return forbidden('This server has no authentication and accepts requests from its own machine only.');
    if (!authenticated && isForwarded(req))
      return forbidden('This server has no authentication and accepts no requests that a proxy forwards from other machines.');
    const { host = '', origin } = req.headers;
    if ((!authenticated || allowedHosts !== undefined) && !isKnownHost(host)) return UNKNOWN_HOST;
    if (origin !== undefined && !isKnownOrigin(origin)) return forbidden('Web pages of this Origin may not use this server.');
    return undefined;
  };
}
