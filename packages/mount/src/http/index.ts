/** What is loaded only for servers that have a URL. */
export { httpCarrier } from './http-carrier.js';
export { keptLogin, loginEntry } from './kept-login.js';
export type { LoginStore, LoginTarget } from './kept-login.js';
export { beginLogin, finishLogin } from './login-attempt.js';
export { clientOf } from './own-client.js';
export { revokeTokens } from './renewal.js';
export { SealedEntry } from './sealed.js';
export { TokenKeeper } from './token-keeper.js';
export { UserLogins } from './user-logins.js';
export type { BegunUserLogin, LoginTicket, UserLoginsOptions } from './user-logins.js';
