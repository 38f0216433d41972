/** Reads secrets from AWS: parameters of Systems Manager, and secrets of Secrets Manager. */
import type { Place } from '../base/errors.js';
import { nameOf, toStoreError } from '../base/errors.js';

/** What {@link readAwsSecret} takes. */
export interface ReadSecretOptions {
  /** The service that has it: `ssm` is the Parameter Store of Systems Manager. */
  service: 'ssm' | 'secretsmanager';
  /** The name or the ARN. */
  name: string;
  /** As `eu-central-1`. Default: what the SDK finds (AWS_REGION, the profile). An ARN names its own. */
  region?: string;
  /** Ends the request. */
  signal: AbortSignal;
}

/** The region in an ARN, as `arn:aws:ssm:eu-central-1:123456789012:parameter/db`. */
const regionOf = (name: string): string | undefined => /^arn:[\w-]+:\w+:([\w-]+):/.exec(name)?.[1];

const MAX_ATTEMPTS = 3;

const MISSING = new Set(['ParameterNotFound', 'ParameterVersionNotFound', 'ResourceNotFoundException']);

async function readParameter(Name: string, shared: object, signal: AbortSignal): Promise<string | undefined> {
  const { GetParameterCommand, SSMClient } = await import('./ssm.js');
  const client = new SSMClient(shared);
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }), { abortSignal: signal });
    return Parameter?.Value;
  } finally {
    client.destroy();
  }
}

async function readSecret(SecretId: string, shared: object, signal: AbortSignal): Promise<string | undefined> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('./secrets-manager.js');
  const client = new SecretsManagerClient(shared);
  try {
    const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId }), { abortSignal: signal });
    return SecretString ?? (SecretBinary === undefined ? undefined : Buffer.from(SecretBinary).toString('utf8'));
  } finally {
    client.destroy();
  }
}

/**
 * Reads one secret. The client of its service is loaded at the first use.
 *
 * @returns its text. A binary secret is read as UTF-8
 * @throws Error that says what is wrong, without the value: it does not exist, region or credentials are missing, a permission is missing,
 *   or there was no answer
 */
export async function readAwsSecret({ service, name, signal, ...options }: ReadSecretOptions): Promise<string> {
  const region = regionOf(name) ?? options.region;
  const shared = { ...(region === undefined ? {} : { region }), maxAttempts: MAX_ATTEMPTS };
  const place: Place =
    service === 'ssm'
      ? { service: 'SSM', resource: name, action: 'GetParameter' }
      : { service: 'Secrets Manager', resource: name, action: 'GetSecretValue' };
  let value: string | undefined;
  try {
    value = await (service === 'ssm' ? readParameter : readSecret)(name, shared, signal);
  } catch (error) {
    if (MISSING.has(nameOf(error)))
      throw new Error(`${place.service} has no ${name} in this region and account`, { cause: error });
    throw toStoreError(error, place);
  }
  if (value === undefined) throw new Error(`${name} of ${place.service} has no value`);
  return value;
}
