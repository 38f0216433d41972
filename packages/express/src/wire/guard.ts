/**
 * Who may speak to this endpoint at all, told by where a request comes from and whom it believes to be speaking to. A page in
 * the user's browser can reach a server on the user's machine by a name of its own (DNS rebinding): its `Host` and `Origin`
 * give it away.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security-%26-endpoint
 */
import type { IncomingMessage } from 'node:http';

import { DaemonError } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';

/** What {@link createGuard} takes. */
export interface GuardOptions {
  /** Names besides those of this machine's loopback, with a port or for all ports. Undefined: any, for requests with an identity. */
  allowedHosts: readonly string[] | undefined;
  /** Origins of web pages besides those that are served from loopback, such as `https://example.com`. */
  allowedOrigins: readonly string[];
}

/**
 * Looks at one request.
 *
 * @param authenticated whether somebody knows, or will find out, who is calling
 * @returns why it is refused
 */
export type Guard = (req: IncomingMessage, authenticated: boolean) => Refusal | undefined;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** `example.com` of `example.com:8080`. */
const nameOf = (host: string): string => host.replace(/:\d*$/, '');

/** A socket without an address is no network's. */
const isLoopbackPeer = (address: string | undefined): boolean =>
  address === undefined || address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');

const forbidden = (message: string): Refusal => ({ status: 403, message });

/** What can be written but would never be met. */
function checkForm(given: readonly string[], form: RegExp, wanted: string): void {
  const wrong = given.find((text) => !form.test(text));
  if (wrong !== undefined) throw new DaemonError('usage', `${wanted}, got ${JSON.stringify(wrong)}`);
}

/**
 * Tells the origins whose pages may use this server: those given, and those of loopback.
 *
 * @throws DaemonError `usage` where one is none
 */
export function createOriginCheck(allowedOrigins: readonly string[]): (origin: string) => boolean {
  checkForm(
    allowedOrigins,
    /^[a-z][a-z\d+.-]*:\/\/[^/\s*]+$/i,
    'ALLOWED_ORIGINS must be origins such as https://app.example.com',
  );
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  return (given) => {
    const origin = given.toLowerCase();
    if (origins.has(origin)) return true;
    const host = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
    return host !== undefined && LOOPBACK.has(nameOf(host));
  };
}

/**
 * Tells the hosts that this server answers for: those given, and those of loopback.
 *
 * @throws DaemonError `usage` where one is none
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

/** Why a request is refused that names another host. */
export const UNKNOWN_HOST = forbidden('The Host header names no host that this server answers for.');

/**
 * Creates a guard.
 *
 * @throws DaemonError `usage` where an origin or a host is none
 */
export function createGuard({ allowedHosts, allowedOrigins }: GuardOptions): Guard {
  const isKnownHost = createHostCheck(allowedHosts ?? []);
  const isKnownOrigin = createOriginCheck(allowedOrigins);

  return (req, authenticated) => {
    if (!authenticated && !isLoopbackPeer(req.socket.remoteAddress))
      return forbidden('This server has no authentication: it serves this machine alone.');
    const { host = '', origin } = req.headers;
    if ((!authenticated || allowedHosts !== undefined) && !isKnownHost(host)) return UNKNOWN_HOST;
    if (origin !== undefined && !isKnownOrigin(origin)) return forbidden('Pages of this Origin may not use this server.');
    return undefined;
  };
}
