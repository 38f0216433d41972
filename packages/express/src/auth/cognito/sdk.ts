/** The part of AWS's SDK that logs in, as a module of its own: it is loaded with the first login, and bundlers find its names. */
export { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
