/** Refuses well-known and weak secrets where the server can be reached from other machines. */
import { isIPv4 } from 'node:net';

import { DaemonError } from '@mcp-daemon/core';

/** The publicly known default of `JWT_SECRET_KEY`. */
export const DEFAULT_JWT_SECRET = 'CHANGEME';
/** The publicly known default of `ADMIN_PASSWORD`. */
export const DEFAULT_ADMIN_PASSWORD = 'admin123';

/**
 * The minimum for HS256. A shorter secret can be found by trying: one token is enough to check guesses offline.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.2
 */
const MIN_SECRET_BYTES = 32;
/** In characters. The static token never expires, so there is no limit to the time for guessing it. */
const MIN_STATIC_TOKEN = 16;

/** What {@link checkSecrets} takes. */
export interface SecretsInUse {
  /** The address or host name that the server listens on. */
  host: string;
  /** The origin under which clients reach the server. It shows that a server on loopback is behind a proxy. */
  publicUrl?: string | undefined;
  /** Whether there is a proxy in front, which forwards requests from other machines. Default: false. */
  behindProxy?: boolean;
  /** The secret that signs tokens. */
  jwtSecret: string;
  /** The password of the bootstrap admin. Undefined or empty: there is no such user. */
  adminPassword?: string | undefined;
  /** The static token of the admin. Undefined or empty: there is none. */
  adminStaticToken?: string | undefined;
}

/** Whether a server that listens on this address or host name can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const address = name.startsWith('::ffff:') ? name.slice('::ffff:'.length) : name;
  return name === 'localhost' || name === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** Whether the public origin of a server is not a loopback address, so that other machines reach it through a proxy. */
export const isPublicElsewhere = (publicUrl: string | undefined): boolean =>
  publicUrl !== undefined && URL.canParse(publicUrl) && !isLoopbackHost(new URL(publicUrl).hostname);

/** The start of an error message for a server that other machines can reach; undefined: it cannot be reached. */
function exposureOf({ host, publicUrl, behindProxy = false }: SecretsInUse): string | undefined {
  if (!isLoopbackHost(host)) return `cannot listen on ${host}`;
  if (isPublicElsewhere(publicUrl)) return `PUBLIC_URL cannot be ${publicUrl}`;
  return behindProxy ? 'cannot serve behind a proxy (TRUST_PROXY is set)' : undefined;
}

/**
 * Checks the secrets of a server. On loopback without a proxy every secret is accepted.
 *
 * @throws DaemonError `usage` if other machines can reach the server and a secret is well known or too short; the message names the
 *   variable to set
 */
export function checkSecrets(secrets: SecretsInUse): void {
  const cannot = exposureOf(secrets);
  if (cannot === undefined) return;
  const { jwtSecret, adminPassword, adminStaticToken = '' } = secrets;
  const refuse = (why: string): never => {
    throw new DaemonError('usage', `${cannot}: ${why}`);
  };
  const known: string[] = [];
  if (jwtSecret === '' || jwtSecret === DEFAULT_JWT_SECRET) known.push('JWT_SECRET_KEY');
  if (adminPassword === DEFAULT_ADMIN_PASSWORD) known.push('ADMIN_PASSWORD');
  if (known.length > 0) {
    const [verb, value] = known.length === 1 ? ['has', 'a value of your own'] : ['have', 'values of your own'];
    const names = known.join(' and ');
    refuse(`${names} still ${verb} the publicly known default. Set ${names} to ${value}, or listen on 127.0.0.1`);
  }
  const bytes = Buffer.byteLength(jwtSecret);
  if (bytes < MIN_SECRET_BYTES)
    refuse(`JWT_SECRET_KEY has ${bytes} bytes, but needs ${MIN_SECRET_BYTES} random ones: "openssl rand -hex 32" creates them`);
  if (adminStaticToken !== '' && adminStaticToken.length < MIN_STATIC_TOKEN)
    refuse(`ADMIN_STATIC_TOKEN is shorter than ${MIN_STATIC_TOKEN} characters: "openssl rand -hex 32" creates a good one`);
}
