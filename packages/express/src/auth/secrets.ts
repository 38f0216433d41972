/** Secrets that everybody knows are for this machine alone. */
import { isIPv4 } from 'node:net';

import { DaemonError } from '@mcp-daemon/core';

/** The default of `JWT_SECRET_KEY`. */
export const DEFAULT_JWT_SECRET = 'CHANGEME';
/** The default of `ADMIN_PASSWORD`. */
export const DEFAULT_ADMIN_PASSWORD = 'admin123';

/**
 * What HS256 needs: whoever has one token can try shorter secrets as fast as their machines allow.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.2
 */
const LEAST_SECRET_BYTES = 32;
/** A token that never expires can be guessed at for as long. */
const LEAST_STATIC_TOKEN = 16;

/** What {@link checkSecrets} takes. */
export interface SecretsInUse {
  /** Where the server listens. */
  host: string;
  /** The origin that clients know: behind a proxy, a server that listens on loopback is reached from elsewhere. */
  publicUrl?: string | undefined;
  /** Whether a proxy is in front, which brings in whom it likes. Default: false. */
  behindProxy?: boolean;
  jwtSecret: string;
  /** Undefined or empty: there is no bootstrap admin. */
  adminPassword?: string | undefined;
  /** Undefined or empty: there is none. */
  adminStaticToken?: string | undefined;
}

/** Whether an address to listen on is reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const address = name.startsWith('::ffff:') ? name.slice('::ffff:'.length) : name;
  return name === 'localhost' || name === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** Whether the origin that clients know is reached from elsewhere, as it is behind a proxy. */
export const isPublicElsewhere = (publicUrl: string | undefined): boolean =>
  publicUrl !== undefined && URL.canParse(publicUrl) && !isLoopbackHost(new URL(publicUrl).hostname);

/** How a server is reached from elsewhere; undefined: it is not. */
function exposureOf({ host, publicUrl, behindProxy = false }: SecretsInUse): string | undefined {
  if (!isLoopbackHost(host)) return `cannot listen on ${host}`;
  if (isPublicElsewhere(publicUrl)) return `cannot be ${publicUrl}`;
  return behindProxy ? 'cannot serve behind a proxy, as TRUST_PROXY says' : undefined;
}

/**
 * Refuses to serve others than this machine with secrets that everybody knows, or can find out.
 *
 * @throws DaemonError `usage`, which names the variable to set
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
    refuse(`${names} still ${verb} the default that everybody knows. Set ${names} to ${value}, or listen on 127.0.0.1`);
  }
  const bytes = Buffer.byteLength(jwtSecret);
  if (bytes < LEAST_SECRET_BYTES)
    refuse(`JWT_SECRET_KEY has ${bytes} bytes, ${LEAST_SECRET_BYTES} random ones are needed; "openssl rand -hex 32" makes some`);
  if (adminStaticToken !== '' && adminStaticToken.length < LEAST_STATIC_TOKEN)
    refuse(`ADMIN_STATIC_TOKEN is shorter than ${LEAST_STATIC_TOKEN} characters; "openssl rand -hex 32" makes a good one`);
}
