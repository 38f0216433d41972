/** Bundles in a bucket of S3: `<package_name>.zip` at its top, as the Python engine has them. */
import type { BundleEntry, BundleSource, KeptBundle } from '@mcp-daemon/core';
import { bundleNameProblem, DaemonError, newKeptId, timeOfKeptId } from '@mcp-daemon/core';

import { nameOf } from '../base/errors.js';
import type { S3Options } from './client.js';
import { NOT_THERE, openBucket, readWhole } from './client.js';
import { putInParts } from './upload.js';

/** What {@link openS3Bundles} takes. */
export interface S3BundleOptions extends S3Options {
  /** How many replaced bundles are kept. Default 5. */
  keep?: number;
}

const ENDING = '.zip';
/** Where replaced bundles are kept. */
const VERSIONS = 'bundle-versions/';
const DEADLINE_MS = 120_000;

/** An object of a list. */
interface Listed {
  Key?: string | undefined;
  ETag?: string | undefined;
  Size?: number | undefined;
  LastModified?: Date | undefined;
}

/**
 * Opens a bucket of bundles: finds the region and the credentials, and asks S3 nothing yet.
 *
 * @throws DaemonError `usage` for a bucket or an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function openS3Bundles(options: S3BundleOptions): Promise<BundleSource> {
  const { bucket, keep = 5 } = options;
  const opened = await openBucket({ deadlineMs: DEADLINE_MS, ...options });
  const sdk = await import('./sdk.js');
  const { send, attempt } = opened;

  function keyOf(name: string): string {
    const problem = bundleNameProblem(name);
    if (problem === undefined) return name + ENDING;
    throw new DaemonError('usage', `the name of a bundle ${problem}: ${JSON.stringify(name.slice(0, 100))}`);
  }

  const keptKey = (name: string, id: string): string => `${VERSIONS}${name}/${id}${ENDING}`;

  /** Does work that may find no object. */
  async function ifThere<T>(action: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    return attempt(action, async (signal) => {
      try {
        return await work(signal);
      } catch (error) {
        if (NOT_THERE.has(nameOf(error))) return null;
        throw error;
      }
    });
  }

  /** @throws DaemonError `module_failed` if it is larger than allowed */
  function checkSize(key: string, size: number, maxBytes: number): void {
    if (size > maxBytes)
      throw new DaemonError('module_failed', `s3://${bucket}/${key} has ${size} bytes: ${maxBytes} are allowed`);
  }

  async function read(key: string, maxBytes: number): Promise<{ bytes: Uint8Array; version: string } | null> {
    return ifThere('GetObject', async (signal) => {
      const { Body, ETag = '', ContentLength = 0 } = await send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }), signal);
      if (ContentLength > maxBytes) (Body as { destroy?(): void } | undefined)?.destroy?.();
      checkSize(key, ContentLength, maxBytes);
      const bytes = Body === undefined ? new Uint8Array(0) : await readWhole(Body, signal);
      checkSize(key, bytes.length, maxBytes);
      return { bytes, version: ETag };
    });
  }

  async function version(name: string): Promise<string | null> {
    const at = { Bucket: bucket, Key: keyOf(name) };
    const found = await ifThere('HeadObject', async (signal) => (await send(new sdk.HeadObjectCommand(at), signal)).ETag ?? '');
    if (found !== null) return found;
    // The answer to HEAD has no body, so that a bucket that is gone looks like an object that is not there.
    return ifThere('GetObject', async (signal) => {
      const { Body, ETag = '' } = await send(new sdk.GetObjectCommand({ ...at, Range: 'bytes=0-0' }), signal);
      if (Body !== undefined) await readWhole(Body, signal);
      return ETag;
    });
  }

  /** The objects that begin with a prefix, in the order of their keys. */
  async function* objects(prefix: string): AsyncGenerator<Listed> {
    let token: string | undefined;
    do {
      const page = await attempt('ListObjectsV2', (signal) => {
        const from = token === undefined ? {} : { ContinuationToken: token };
        return send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/', ...from }), signal);
      });
      yield* page.Contents ?? [];
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async function kept(name: string): Promise<KeptBundle[]> {
    keyOf(name);
    const prefix = `${VERSIONS}${name}/`;
    const found: KeptBundle[] = [];
    for await (const { Key = '', Size = 0 } of objects(prefix)) {
      const id = Key.slice(prefix.length, -ENDING.length);
      const replaced = timeOfKeptId(id);
      if (replaced !== undefined && Key.endsWith(ENDING)) found.push({ id, size: Size, replaced });
    }
    return found.reverse();
  }

  /** Copies the present bundle to the old versions, and removes the oldest of these. */
  async function keepPresent(name: string): Promise<void> {
    const CopySource = `${encodeURIComponent(bucket)}/${encodeURIComponent(keyOf(name))}`;
    await ifThere('CopyObject', (signal) =>
      send(new sdk.CopyObjectCommand({ Bucket: bucket, Key: keptKey(name, newKeptId()), CopySource }), signal),
    );
    for (const { id } of (await kept(name)).slice(keep))
      await attempt('DeleteObject', (signal) =>
        send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: keptKey(name, id) }), signal),
      );
  }

  return {
    source: 's3',
    placeOf: (name) => `s3://${bucket}/${name}${ENDING}`,
    version,
    fetch: async (name, maxBytes) => read(keyOf(name), maxBytes),
    async push(name, bytes, progress = () => undefined) {
      const key = keyOf(name);
      await keepPresent(name);
      return putInParts(opened, { bucket, key, bytes, progress });
    },
    async *list() {
      const entries: BundleEntry[] = [];
      for await (const { Key = '', ETag = '', Size = 0, LastModified } of objects('')) {
        const name = Key.slice(0, -ENDING.length);
        if (!Key.endsWith(ENDING) || bundleNameProblem(name) !== undefined) continue;
        entries.push({ name, version: ETag, size: Size, modified: (LastModified ?? new Date(0)).toISOString() });
      }
      // Keys are in the order of their whole text, in which "." is before "_" and after "-".
      yield* entries.sort(({ name: a }, { name: b }) => (a < b ? -1 : a > b ? 1 : 0));
    },
    kept,
    async fetchKept(name, id, maxBytes) {
      keyOf(name);
      if (timeOfKeptId(id) === undefined) return null;
      return (await read(keptKey(name, id), maxBytes))?.bytes ?? null;
    },
    uploadUrl: (name, seconds) =>
      attempt('PutObject', () => {
        const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: keyOf(name), ContentType: 'application/zip' });
        // The two packages of the SDK declare the same client twice.
        const client = opened.client as unknown as Parameters<typeof sdk.getSignedUrl>[0];
        return sdk.getSignedUrl(client, command, { expiresIn: seconds });
      }),
    close: () => opened.close(),
  };
}
