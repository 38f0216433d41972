/**
 * DynamoDB and S3 for mcp-daemon.
 */
export { openDynamoStore } from './store.js';
export type { DynamoStore, DynamoStoreOptions, DynamoStoreStats, RecordPromise } from './store.js';
export { checkDynamoStore, initDynamoStore } from './setup.js';
export type { CheckFinding, CheckOptions, CheckReport, InitOptions } from './setup.js';
export { sweepBlobs } from './sweep.js';
export type { SweepOptions, SweepReport } from './sweep.js';
export type { CreateTablesOptions, TablesReport } from './dynamodb/tables.js';
export type { DynamoOptions } from './dynamodb/client.js';
export type { DynamoCounts } from './dynamodb/wire.js';
export type { QueueCounts } from './dynamodb/queue.js';
export type { RecordSpread } from './dynamodb/spread.js';
export { openS3Blobs } from './s3/blobs.js';
export { openS3Bundles } from './s3/bundles.js';
export type { S3BundleOptions } from './s3/bundles.js';
export type { S3Options } from './s3/blobs.js';
export { readAwsSecret } from './secrets/secrets.js';
export type { ReadSecretOptions } from './secrets/secrets.js';
export type { AwsCredentials, AwsOptions } from './base/options.js';
