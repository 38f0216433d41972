/**
 * Opens the store on DynamoDB and S3. A file of its own in the command's build, so that only those who use it load the AWS SDK.
 */
import type {
  CheckReport,
  DynamoOptions,
  DynamoStore,
  RecordPromise,
  RecordSpread,
  S3Options,
  SweepOptions,
  SweepReport,
  TablesReport,
} from '@mcp-daemon/aws';
import { checkDynamoStore, initDynamoStore, openDynamoStore, openS3Blobs, sweepBlobs } from '@mcp-daemon/aws';
import type { BlobStore, Logger } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import type { Env, Settings } from '../settings/settings.js';

const DAY_MS = 24 * 60 * 60_000;

// Node 20: the SDK warns that its later versions need a newer Node. The version in this build does not.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** @throws UsageError if a variable is there and empty: it was meant to keep requests away from AWS */
function refuseEmpty(env: Env): void {
  for (const name of ['DYNAMODB_ENDPOINT', 'S3_ENDPOINT'])
    if (env[name]?.trim() === '') throw new UsageError(`${name} is empty: give a URL, or unset it to use AWS`, { hint: false });
}

function dynamoOptions({ region, dynamodbEndpoint }: Settings, env: Env): DynamoOptions {
  refuseEmpty(env);
  return {
    ...(region === undefined ? {} : { region }),
    ...(dynamodbEndpoint === undefined ? {} : { endpoint: dynamodbEndpoint }),
  };
}

/** The setting has words and numbers, of which the command line makes texts. */
const spreadOf = ({ recordSpread }: Settings): RecordSpread =>
  recordSpread === 'none' || recordSpread === 'months' ? recordSpread : Number(recordSpread);

/** The bucket, where the settings name one. */
async function openBucket(settings: Settings): Promise<BlobStore | undefined> {
  const options = bucketOptions(settings);
  return options === undefined ? undefined : openS3Blobs(options);
}

const bucketOptions = ({ bucket, s3Endpoint, region }: Settings): S3Options | undefined =>
  bucket === undefined
    ? undefined
    : {
        bucket,
        ...(region === undefined ? {} : { region }),
        ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }),
      };

/**
 * Opens the store. Nothing is asked of AWS yet.
 *
 * @throws DaemonError `store_failed` if region or credentials are missing, `usage`; UsageError for an empty endpoint
 */
export async function openAwsStore(settings: Settings, env: Env, logger?: Logger): Promise<DynamoStore> {
  const options = dynamoOptions(settings, env);
  const blobs = await openBucket(settings);
  const store = await openDynamoStore({
    ...options,
    promise: settings.recordPromise as RecordPromise,
    spread: spreadOf(settings),
    offloadBytes: settings.offloadBytes,
    expireAfterMs: settings.recordMaxAgeDays * DAY_MS,
    ...(blobs === undefined ? {} : { blobs }),
    ...(logger === undefined ? {} : { logger }),
  });
  const { close } = store;
  return Object.assign(store, {
    async close(): Promise<void> {
      await close();
      await blobs?.close?.();
    },
  });
}

/**
 * Creates the tables that are missing.
 *
 * @param onProgress gets a line for each step
 * @throws DaemonError `store_failed`, `store_busy`, `usage`
 */
export const initAwsStore = (settings: Settings, env: Env, onProgress: (line: string) => void): Promise<TablesReport> =>
  initDynamoStore({ ...dynamoOptions(settings, env), onProgress });

/** Checks tables, permissions and the bucket. @throws DaemonError `store_failed` if region or credentials are missing, `usage` */
export async function checkAwsStore(settings: Settings, env: Env): Promise<CheckReport> {
  const options = dynamoOptions(settings, env);
  const blobs = await openBucket(settings);
  try {
    return await checkDynamoStore({ ...options, ...(blobs === undefined ? {} : { blobs }) });
  } finally {
    await blobs?.close?.();
  }
}

/**
 * Removes payloads from the bucket whose records are gone.
 *
 * @throws DaemonError `store_failed`, `store_busy`, `usage`; UsageError if the settings name no bucket
 */
export async function sweepAwsStore(
  settings: Settings,
  env: Env,
  options: Omit<SweepOptions, 'dynamo' | 's3'>,
): Promise<SweepReport> {
  const s3 = bucketOptions(settings);
  if (s3 === undefined) throw new UsageError('there is no bucket to sweep: set FUNCT_BUCKET_NAME', { hint: false });
  return sweepBlobs({ ...options, dynamo: dynamoOptions(settings, env), s3 });
}
