/**
 * Authentication by a user pool of Amazon Cognito: `@mcp-daemon/express/cognito`. It needs the packages `aws-jwt-verify` and
 * `@aws-sdk/client-cognito-identity-provider`. It is in this package because it is one more `AuthProvider`: it shares the request
 * authenticator, the challenges, the routes and the limits on login attempts with `local`.
 */
export { createCognitoAuth } from './cognito-auth.js';
export type { CognitoAuth, CognitoAuthOptions } from './cognito-auth.js';
