/** A client of one bucket, shared by what is kept in it. */
import type { $Command, S3Client, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { DaemonError } from '@mcp-daemon/core';

import { toStoreError } from '../base/errors.js';
import type { AwsOptions } from '../base/options.js';
import { checkEndpoint } from '../base/options.js';

/** What {@link openBucket} takes. */
export interface S3Options extends AwsOptions {
  /** The bucket: FUNCT_BUCKET_NAME. */
  bucket: string;
  /** The address of S3, as `http://127.0.0.1:9000`: S3_ENDPOINT. Default: AWS. */
  endpoint?: string;
  /** Whether the bucket is in the path and not in the host name. Default: true where there is an endpoint, which most such services need. */
  pathStyle?: boolean;
}

const MAX_ATTEMPTS = 3;
const MAX_SOCKETS = 50;

/** The names of errors that mean that there is no such object. */
export const NOT_THERE: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound']);

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** An opened bucket. */
export interface Bucket {
  readonly client: S3Client;
  /** Sends one request. @throws what the SDK throws */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: Command<I, O>, signal: AbortSignal): Promise<O>;
  /** Does work within the time limit. @param action the operation, for messages. @throws DaemonError `store_failed`, `store_busy` */
  attempt<T>(action: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  close(): void;
}

/**
 * Opens a bucket: finds the region and the credentials, and asks S3 nothing yet.
 *
 * @throws DaemonError `usage` for a bucket or an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function openBucket(options: S3Options): Promise<Bucket> {
  const { bucket, region, credentials, endpoint, pathStyle = endpoint !== undefined } = options;
  const { connectTimeoutMs = 1_000, requestTimeoutMs = 10_000, deadlineMs = 30_000 } = options;
  if (bucket === '') throw new DaemonError('usage', 'FUNCT_BUCKET_NAME is empty: it must be the name of a bucket.');
  const address = endpoint === undefined ? {} : { endpoint: checkEndpoint('S3_ENDPOINT', endpoint) };
  // Loaded here: it takes longer than all the rest, and many have no bucket.
  const sdk = await import('./sdk.js');
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    ...address,
    forcePathStyle: pathStyle,
    // Our own SHA-256 is checked on every read; other services than AWS may not know the SDK's checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  });
  try {
    await client.config.region();
    await client.config.credentials();
  } catch (error) {
    client.destroy();
    throw toStoreError(error, { service: 'S3' });
  }
  return {
    client,
    send: (command, signal) => client.send(command, { abortSignal: signal }),
    async attempt(action, work) {
      try {
        return await work(AbortSignal.timeout(deadlineMs));
      } catch (error) {
        throw toStoreError(error, { service: 'S3', resource: bucket, action });
      }
    },
    close: () => client.destroy(),
  };
}

/** A body's bytes. One that is not read to its end would keep its connection for ever: it is destroyed. */
export async function readWhole(body: object, signal: AbortSignal): Promise<Uint8Array> {
  const stream = body as { transformToByteArray(): Promise<Uint8Array>; destroy?(error?: Error): void };
  const abort = (): void => stream.destroy?.(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await stream.transformToByteArray();
  } catch (error) {
    stream.destroy?.();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
