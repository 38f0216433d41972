import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { BundleSource } from '@mcp-daemon/core';
import { bundleSourceContract } from '@mcp-daemon/core/contract';

import { openS3Bundles } from '../src/index.js';
import type { Engine } from './support.js';
import { createBucket, CREDENTIALS, LOCAL, startFauxqs } from './support.js';

let s3: Engine;
let client: S3Client;
let count = 0;

beforeAll(async () => {
  s3 = await startFauxqs('bundles');
  client = new S3Client({ region: 'us-east-1', credentials: CREDENTIALS, endpoint: s3.endpoint, forcePathStyle: true });
});

afterAll(async () => {
  client.destroy();
  await s3.stop();
});

async function openEmpty(keep = 2): Promise<{ source: BundleSource; bucket: string }> {
  count += 1;
  const bucket = `bundles-${count}`;
  await createBucket(s3.endpoint, bucket);
  return { bucket, source: await openS3Bundles({ ...LOCAL, bucket, endpoint: s3.endpoint, keep }) };
}

describe('bundles in S3, on fauxqs', () => {
  it.each(bundleSourceContract.map((check) => [check.name, check] as const))('%s', async (_, check) => {
    await check.run(async () => {
      const { source, bucket } = await openEmpty();
      return {
        ...{ source, keep: 2 },
        put: async (file, bytes) => {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: file, Body: Buffer.from(bytes) }));
        },
        remove: async (name) => {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${name}.zip` }));
        },
      };
    });
  });

  it('a large bundle is uploaded in parts, each of which is progress', async () => {
    const { source } = await openEmpty();
    const bytes = Buffer.alloc(18_000_000, 'part of a bundle ');
    const seen: number[] = [];
    const version = await source.push('large', bytes, (done) => seen.push(done));
    expect(seen).toEqual([8_388_608, 16_777_216, 18_000_000]);
    const fetched = await source.fetch('large', 20_000_000);
    expect(bytes.equals(fetched!.bytes)).toBe(true);
    expect(fetched!.version).toBe(version);
  });

  it('a bucket that does not exist is an error, and not a missing bundle', async () => {
    const source = await openS3Bundles({ ...LOCAL, bucket: 'no-such-bucket', endpoint: s3.endpoint });
    const gone = { code: 'store_failed', message: expect.stringMatching(/bucket no-such-bucket does not exist/) };
    await expect(source.version('p')).rejects.toMatchObject(gone);
    await expect(source.fetch('p', 100)).rejects.toMatchObject(gone);
    await expect(source.push('p', Buffer.from('x'))).rejects.toMatchObject(gone);
  });

  it('a URL takes an upload without credentials', async () => {
    const { source } = await openEmpty();
    const url = await source.uploadUrl!('some_package', 900);
    expect(url).toMatch(/some_package\.zip\?.*X-Amz-Expires=900/);
    const response = await fetch(url, { method: 'PUT', body: 'the bytes', headers: { 'content-type': 'application/zip' } });
    expect(response.status).toBe(200);
    expect(Buffer.from((await source.fetch('some_package', 100))!.bytes).toString()).toBe('the bytes');
    await expect(source.uploadUrl!('../x', 900)).rejects.toMatchObject({ code: 'usage' });
  });

  it('a service that does not answer is an error that says so', async () => {
    const source = await openS3Bundles({ ...LOCAL, bucket: 'b', endpoint: 'http://127.0.0.1:9', deadlineMs: 5_000 });
    await expect(source.version('p')).rejects.toMatchObject({
      code: 'store_busy',
      message: expect.stringMatching(/cannot be reached/),
    });
  });
});
