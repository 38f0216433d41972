/** The errors of AWS in our words: what is wrong and what to do, without a secret in it. */
import { DaemonError } from '@mcp-daemon/core';

/** Which service answered, or should have. */
export type Service = 'DynamoDB' | 'S3' | 'SSM' | 'Secrets Manager';

/** How policies name a service. */
const PREFIXES: Readonly<Record<Service, string>> = {
  DynamoDB: 'dynamodb',
  S3: 's3',
  SSM: 'ssm',
  'Secrets Manager': 'secretsmanager',
};

/** Where an error came up. */
export interface Place {
  service: Service;
  /** The table or the bucket. */
  resource?: string | undefined;
  /** The operation, as `PutItem`. */
  action?: string | undefined;
}

/** What the SDK puts on its errors. Not `instanceof`: the SDK may be there twice. */
interface Thrown {
  name?: unknown;
  code?: unknown;
  message?: unknown;
  $metadata?: { httpStatusCode?: unknown };
  $response?: { statusCode?: unknown };
}

const members = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {});

/** The name of an error, as `ConditionalCheckFailedException`; empty where it has none. */
export function nameOf(error: unknown): string {
  const { name } = members(error);
  return typeof name === 'string' ? name : '';
}

/** The HTTP status that an error came with; 0 where there was no answer. */
function statusOf(error: unknown): number {
  const { $metadata, $response } = members(error);
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  return typeof status === 'number' ? status : 0;
}

const messageOf = (error: unknown): string => String(members(error).message ?? '');

/** Where a policy that suffices is. */
const DOCS: Readonly<Record<Service, string>> = {
  DynamoDB: 'docs/dynamodb.md',
  S3: 'docs/dynamodb.md',
  SSM: 'docs/config.md',
  'Secrets Manager': 'docs/config.md',
};

const THROTTLING = new Set([
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'ThrottledException',
  'TooManyRequestsException',
  'SlowDown',
  'LimitExceededException',
  'TransactionInProgressException',
  'TransactionConflictException',
]);

const WRONG_CREDENTIALS = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'AuthorizationHeaderMalformed',
  'RequestTimeTooSkewed',
]);

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired']);
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'AllAccessDisabled', 'AccountProblem']);

/** Errors of connections, by `code`. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** The code of a connection that failed. The SDK may wrap an error that is none in its own realm: then its text is left. */
function connectionError(error: unknown): string | undefined {
  const { code } = members(error);
  const message = messageOf(error);
  const found =
    typeof code === 'string' ? code : /socket hang up/.test(message) ? 'ECONNRESET' : /\bE[A-Z_]+\b/.exec(message)?.[0];
  return found !== undefined && UNREACHABLE.has(found) ? found : undefined;
}

/** Whether a connection could not be made, or broke. */
export const isUnreachable = (error: unknown): boolean => connectionError(error) !== undefined;

/** Whether AWS asked to come more slowly. */
export const isThrottled = (error: unknown): boolean => THROTTLING.has(nameOf(error));

/** Whether a condition of a write did not hold. */
export const isConditionFailed = (error: unknown): boolean => nameOf(error) === 'ConditionalCheckFailedException';

/** Whether a row was refused because of what is in it: writing it again is of no use. */
export const isRefusedRow = (error: unknown): boolean =>
  ['ValidationException', 'ItemCollectionSizeLimitExceededException', 'SerializationException'].includes(nameOf(error));

/** Whether a row was refused because it is too large. */
export const isTooLarge = (error: unknown): boolean =>
  nameOf(error) === 'ValidationException' && /item.*size|size.*exceed/is.test(messageOf(error));

/** Whether a table does not exist. */
export const isMissingTable = (error: unknown): boolean => nameOf(error) === 'ResourceNotFoundException';

/** Whether a query named an index that the table does not have. */
export const isMissingIndex = (error: unknown): boolean =>
  nameOf(error) === 'ValidationException' && /specified index/i.test(messageOf(error));

/** The permission that an answer says is missing, as `dynamodb:PutItem`. */
export function missingPermission(error: unknown, { service, action }: Place): string {
  const [said] = /\b(?:dynamodb|s3|ssm|secretsmanager|kms):[A-Za-z]+\b/.exec(messageOf(error)) ?? [];
  if (said !== undefined) return said;
  return action === undefined ? `an action of ${service}` : `${PREFIXES[service]}:${action}`;
}

/** Whether the credentials are right, and their policy does not allow this. */
export const isDenied = (error: unknown, service: Service): boolean =>
  DENIED.has(nameOf(error)) ||
  (service === 'S3' && statusOf(error) === 403 && !WRONG_CREDENTIALS.has(nameOf(error)) && !EXPIRED.has(nameOf(error)));

const CREDENTIALS_HELP =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine or container a role';

/** What is wrong with credentials, region or permissions. */
function accessProblem(error: unknown, place: Place): string | undefined {
  const { service, resource } = place;
  const name = nameOf(error);
  const message = messageOf(error);
  if (name === 'CredentialsProviderError' || /could not load credentials/i.test(message))
    return `There are no AWS credentials for ${service}: ${CREDENTIALS_HELP}.`;
  if (/region is missing/i.test(message)) return `The AWS region of ${service} is missing: set AWS_REGION, such as eu-central-1.`;
  if (EXPIRED.has(name)) return `The AWS credentials for ${service} have expired: renew them (aws sso login), or use a role.`;
  if (WRONG_CREDENTIALS.has(name))
    return `${service} refuses the AWS credentials (${name}): check the key, the secret, the region, and the clock of this machine.`;
  if (!isDenied(error, service)) return undefined;
  const on = resource === undefined ? '' : ` on ${resource}`;
  return `The AWS credentials do not allow ${missingPermission(error, place)}${on}: add it to the policy (${DOCS[service]} has one).`;
}

/** What is wrong with a table, a bucket or a row. */
function resourceProblem(error: unknown, { resource }: Place, what: string): string | undefined {
  const name = nameOf(error);
  if (name === 'ResourceNotFoundException')
    return `The table ${resource ?? 'of the store'} does not exist in this region and account: create it with "mcp-daemon store init", or check the region (--region, REGION_NAME or AWS_REGION).`;
  if (name === 'NoSuchBucket')
    return `The bucket ${resource ?? ''} does not exist: create it, or check FUNCT_BUCKET_NAME and the region.`;
  if (name === 'PermanentRedirect')
    return `The bucket ${resource ?? ''} is in another region: set REGION_NAME (or AWS_REGION) to that region.`;
  if (name === 'ItemCollectionSizeLimitExceededException')
    return `The partition has reached the 10 GB that DynamoDB allows in ${resource ?? 'a table with local indexes'}: remove old rows, or use another partition.`;
  if (isMissingIndex(error))
    return `The table ${resource ?? ''} lacks an index, which cannot be added later: "mcp-daemon store check" says which.`;
  if (name === 'ValidationException' || name === 'SerializationException')
    return `${what} was refused: ${messageOf(error).slice(0, 300)}`;
  return undefined;
}

/** The host that no name server knows, as where the region is misspelt. */
function unknownHost(error: unknown): string | undefined {
  return /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (\S+)/.exec(messageOf(error))?.[1];
}

/** The setting of a service's address. */
const ENDPOINTS: Readonly<Record<Service, string>> = {
  DynamoDB: ' and DYNAMODB_ENDPOINT',
  S3: ' and S3_ENDPOINT',
  SSM: '',
  'Secrets Manager': '',
};

/** What went wrong on the way, where trying again later may help. */
function passingProblem(error: unknown, { service }: Place, what: string): string | undefined {
  const name = nameOf(error);
  const status = statusOf(error);
  const code = connectionError(error);
  if (isThrottled(error)) return `${service} throttles this account or table (${name}): try again later.`;
  if (name === 'TimeoutError' || name === 'AbortError') return `${service} did not answer in time (${what}): try again later.`;
  const host = unknownHost(error);
  if (code !== undefined && host !== undefined)
    return `${service} cannot be reached: there is no ${host} (${code}). Check the region (--region, REGION_NAME or AWS_REGION)${ENDPOINTS[service]}, and the network.`;
  if (code !== undefined) return `${service} cannot be reached (${code}): check the network and the endpoint.`;
  if (name === 'SyntaxError')
    return `Something other than ${service} answered${status === 0 ? '' : ` (HTTP ${status})`}: check the endpoint and any proxy.`;
  return status >= 500 ? `${service} failed (HTTP ${status}): try again later.` : undefined;
}

/**
 * A DaemonError with one sentence for whatever the SDK threw: `store_busy` where trying again later may help, else `store_failed`.
 * A DaemonError stays what it is. The SDK's own error is the `cause`.
 */
export function toStoreError(cause: unknown, place: Place): DaemonError {
  if (cause instanceof DaemonError) return cause;
  const { service, resource, action } = place;
  const what = `${action ?? 'A request'}${resource === undefined ? '' : ` on ${resource}`}`;
  const failed = accessProblem(cause, place) ?? resourceProblem(cause, place, what);
  if (failed !== undefined) return new DaemonError('store_failed', failed, { cause });
  const busy = passingProblem(cause, place, what);
  if (busy !== undefined) return new DaemonError('store_busy', busy, { cause });
  const status = statusOf(cause);
  const { code } = members(cause);
  const detail = [nameOf(cause), typeof code === 'string' ? code : '', status === 0 ? '' : `HTTP ${status}`]
    .filter((part) => part !== '')
    .join(', ');
  return new DaemonError('store_failed', `${what} of ${service} failed${detail === '' ? '' : ` (${detail})`}.`, { cause });
}
