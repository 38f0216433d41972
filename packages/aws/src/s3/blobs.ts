/** Blobs in a bucket of S3, or of another service with its protocol. */
import type { BlobStore } from '@mcp-daemon/core';
import { blobKeyProblem, DaemonError } from '@mcp-daemon/core';

import { nameOf } from '../base/errors.js';
import type { S3Options } from './client.js';
import { NOT_THERE, openBucket, readWhole } from './client.js';

export type { S3Options } from './client.js';

/**
 * Opens a bucket: finds the region and the credentials, and asks S3 nothing yet.
 *
 * @returns the blobs. A body is read whole, so that its connection is free again.
 * @throws DaemonError `usage` for a bucket or an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function openS3Blobs(options: S3Options): Promise<BlobStore> {
  const { bucket } = options;
  const opened = await openBucket(options);
  const { send, attempt } = opened;
  const { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } = await import('./sdk.js');
  let closed = false;

  function checked(key: string): { Bucket: string; Key: string } {
    if (closed) throw new DaemonError('closed', 'The blob store is closed.');
    const problem = blobKeyProblem(key);
    if (problem !== undefined) throw new DaemonError('usage', `The key of a blob ${problem}.`);
    return { Bucket: bucket, Key: key };
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
      opened.close();
    },
  };
}
