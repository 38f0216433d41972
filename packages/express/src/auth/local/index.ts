/**
 * Authentication by a users file and tokens that this server signs: `@mcp-daemon/express/local`. It needs the packages `bcrypt` and
 * `jose`.
 */
export { createLocalAuth } from './local-auth.js';
export type { LocalAuth, LocalAuthOptions, OAuthOptions } from './local-auth.js';
export type { ClientDocumentOptions } from '../server/client-document.js';
export { checkPassword } from './password.js';
export { tokensFileOf } from './token-entry.js';
export { createTokenFile } from './token-file.js';
export type { NewToken, TokenFile, TokenInfo } from './token-file.js';
export { checkUser, createUserFile } from './users.js';
export type { UserGrants } from './user-scopes.js';
export type { NewUser, UserFile, UserInfo } from './users.js';
