/** The metadata by which clients find the endpoints of an authorization server (RFC 8414). */
import type { PathName } from '../../paths.js';
import { isAt, PATHS } from '../../paths.js';

/** The scope that every client gets: to use MCP as its user may. */
export const MCP_SCOPE = 'mcp';

/** The paths below `/oauth`. */
export const ENDPOINTS = {
  authorize: `${PATHS.oauth.path}/authorize`,
  token: `${PATHS.oauth.path}/token`,
  register: `${PATHS.oauth.path}/register`,
  revoke: `${PATHS.oauth.path}/revoke`,
  jwks: `${PATHS.oauth.path}/jwks`,
  login: `${PATHS.oauth.path}/login`,
  grants: `${PATHS.oauth.path}/grants`,
} as const;

/** How clients may authenticate at the token endpoint. */
export const CLIENT_AUTHENTICATION = ['none', 'client_secret_basic', 'client_secret_post'] as const;

const WELL_KNOWN: readonly PathName[] = ['authorizationServer', 'openidConfiguration'];

/** Whether a path is one at which clients look for the metadata of some authorization server. */
export const isMetadataPath = (path: string): boolean => WELL_KNOWN.some((name) => isAt(name, path));

/**
 * Whether it is the metadata of this server that a client looks for there: at the well-known path, or at that path followed by the path
 * of the server's URL.
 */
export function isOwnMetadata(path: string, base: string): boolean {
  const suffix = new URL(base).pathname.replace(/\/$/, '');
  return WELL_KNOWN.some((name) => path === PATHS[name].path || path === PATHS[name].path + suffix);
}

/**
 * The metadata of the server's own authorization server.
 *
 * @param base the URL of the server, without a slash at its end
 */
export const metadataOf = (base: string): object => ({
  issuer: base,
  authorization_endpoint: base + ENDPOINTS.authorize,
  token_endpoint: base + ENDPOINTS.token,
  registration_endpoint: base + ENDPOINTS.register,
  revocation_endpoint: base + ENDPOINTS.revoke,
  jwks_uri: base + ENDPOINTS.jwks,
  scopes_supported: [MCP_SCOPE],
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
  // Clients that look for OpenID metadata refuse it without these two. There are no ID tokens.
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['EdDSA'],
});
