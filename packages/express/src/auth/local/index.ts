/**
 * Authentication by a users file and tokens that this server signs: `@mcp-daemon/express/local`. It needs the packages `bcrypt` and
 * `jose`.
 */
export { createLocalAuth } from './local-auth.js';
export type { LocalAuth, LocalAuthOptions } from './local-auth.js';
export { checkUser, createUserFile } from './users.js';
export type { NewUser, UserFile, UserInfo } from './users.js';
