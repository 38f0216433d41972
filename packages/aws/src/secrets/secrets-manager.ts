/** What is used of the client of Secrets Manager; see `ssm.ts`. */
export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
