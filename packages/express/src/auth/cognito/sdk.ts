/** The part of the AWS SDK that is needed. It is a module of its own so that a bundler can remove the rest of the SDK. */
export { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
