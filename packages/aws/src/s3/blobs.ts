/** Blobs in a bucket of S3, or of another service with its protocol. */
import type { $Command, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import type { BlobStore } from '@mcp-daemon/core';
import { blobKeyProblem, DaemonError } from '@mcp-daemon/core';

import { nameOf, toStoreError } from '../base/errors.js';
import type { AwsOptions } from '../base/options.js';
import { checkEndpoint } from '../base/options.js';

/** What {@link openS3Blobs} takes. */
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
const NOT_THERE = new Set(['NoSuchKey', 'NotFound']);

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/**
 * Opens a bucket: finds the region and the credentials, and asks S3 nothing yet.
 *
 * @returns the blobs. A body is read whole, so that its connection is free again.
 * @throws DaemonError `usage` for a bucket or an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function openS3Blobs(options: S3Options): Promise<BlobStore> {
  const { bucket, region, credentials, endpoint, pathStyle = endpoint !== undefined } = options;
  const { connectTimeoutMs = 1_000, requestTimeoutMs = 10_000, deadlineMs = 30_000 } = options;
  if (bucket === '') throw new DaemonError('usage', 'FUNCT_BUCKET_NAME is empty: it must be the name of a bucket.');
  const address = endpoint === undefined ? {} : { endpoint: checkEndpoint('S3_ENDPOINT', endpoint) };
  // Loaded here: it takes longer than all the rest, and many have no bucket.
  const { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } = await import('./sdk.js');
  const client = new S3Client({
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
  let closed = false;
  try {
    await client.config.region();
    await client.config.credentials();
  } catch (error) {
    client.destroy();
    throw toStoreError(error, { service: 'S3' });
  }

  function checked(key: string): { Bucket: string; Key: string } {
    if (closed) throw new DaemonError('closed', 'The blob store is closed.');
    const problem = blobKeyProblem(key);
    if (problem !== undefined) throw new DaemonError('usage', `The key of a blob ${problem}.`);
    return { Bucket: bucket, Key: key };
  }

  const send = <I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    signal: AbortSignal,
  ): Promise<O> => client.send(command, { abortSignal: signal });

  async function attempt<T>(action: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(AbortSignal.timeout(deadlineMs));
    } catch (error) {
      throw toStoreError(error, { service: 'S3', resource: bucket, action });
    }
  }

  return {
    name: 's3',
    async put(key, bytes) {
      const at = checked(key);
      // A copy: the caller may change its bytes, and a retry sends them again. A buffer, not a stream: not all services take chunks.
      const Body = Buffer.from(bytes);
      await attempt('PutObject', async (signal) => {
        const ContentType = key.endsWith('.json') ? 'application/json' : 'application/octet-stream';
        await send(new PutObjectCommand({ ...at, Body, ContentLength: Body.length, ContentType }), signal);
      });
    },
    async get(key) {
      const at = checked(key);
      return attempt('GetObject', async (signal) => {
        try {
          const { Body } = await send(new GetObjectCommand(at), signal);
          return Body === undefined ? new Uint8Array(0) : await readWhole(Body, signal);
        } catch (error) {
          if (NOT_THERE.has(nameOf(error))) return undefined;
          throw error;
        }
      });
    },
    async delete(key) {
      const at = checked(key);
      await attempt('DeleteObject', async (signal) => {
        try {
          await send(new DeleteObjectCommand(at), signal);
        } catch (error) {
          if (!NOT_THERE.has(nameOf(error))) throw error;
        }
      });
    },
    close() {
      closed = true;
      client.destroy();
    },
  };
}

/** A body's bytes. One that is not read to its end would keep its connection for ever: it is destroyed. */
async function readWhole(body: object, signal: AbortSignal): Promise<Uint8Array> {
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
