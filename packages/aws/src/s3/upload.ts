/** Uploads an object: a small one at once, a large one in parts, so that progress can be shown. */
import type { Bucket } from './client.js';

/** What is uploaded, and where to. */
export interface Upload {
  bucket: string;
  key: string;
  bytes: Uint8Array;
  /** Called with the number of bytes that S3 has. */
  progress: (bytes: number) => void;
}

/** S3 takes parts of at least 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024;
const ContentType = 'application/zip';

/** @returns the ETag */
async function putAtOnce({ send, attempt }: Bucket, { bucket, key, bytes, progress }: Upload): Promise<string> {
  const { PutObjectCommand } = await import('./sdk.js');
  const Body = Buffer.from(bytes);
  const { ETag = '' } = await attempt('PutObject', (signal) =>
    send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentLength: Body.length, ContentType }), signal),
  );
  progress(bytes.length);
  return ETag;
}

/**
 * Uploads an object, whole or not at all.
 *
 * @returns its ETag
 * @throws DaemonError `store_failed`, `store_busy`
 */
export async function putInParts(opened: Bucket, upload: Upload): Promise<string> {
  const { bucket, key, bytes, progress } = upload;
  if (bytes.length <= PART_BYTES) return putAtOnce(opened, upload);
  const { send, attempt } = opened;
  const sdk = await import('./sdk.js');
  const at = { Bucket: bucket, Key: key };
  const { UploadId } = await attempt('CreateMultipartUpload', (signal) =>
    send(new sdk.CreateMultipartUploadCommand({ ...at, ContentType }), signal),
  );
  try {
    const Parts: { ETag: string; PartNumber: number }[] = [];
    for (let start = 0; start < bytes.length; start += PART_BYTES) {
      const Body = Buffer.from(bytes.subarray(start, start + PART_BYTES));
      const PartNumber = Parts.length + 1;
      const { ETag = '' } = await attempt('UploadPart', (signal) =>
        send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber, Body, ContentLength: Body.length }), signal),
      );
      Parts.push({ ETag, PartNumber });
      progress(start + Body.length);
    }
    const { ETag = '' } = await attempt('CompleteMultipartUpload', (signal) =>
      send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }), signal),
    );
    return ETag;
  } catch (error) {
    // The parts would be kept, and paid for, for ever. The first error is the one to be reported.
    await attempt('AbortMultipartUpload', (signal) =>
      send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }), signal),
    ).catch(() => undefined);
    throw error;
  }
}
