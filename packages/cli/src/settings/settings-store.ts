/**
 * The settings of the store, as a part of the table in settings.ts.
 */
import type { Setting } from './setting.js';

/** Where catalogs and records are kept. */
export const STORE_SETTINGS = {
  store: {
    type: 'choice',
    flag: 'store',
    env: 'MCP_STORE',
    group: 'Store',
    choices: ['sqlite', 'memory', 'dynamodb'],
    default: 'sqlite',
    description: 'Where to keep records of calls, and the catalogs of partitions',
  },
  dataDir: {
    type: 'text',
    flag: 'data-dir',
    env: 'MCP_DATA_DIR',
    group: 'Store',
    metavar: 'DIR',
    path: true,
    defaultText: "the user's state folder",
    description: 'Folder of mcp-daemon.db, the file of the sqlite store',
  },
  region: {
    type: 'text',
    flag: 'region',
    env: 'REGION_NAME',
    group: 'Store',
    metavar: 'REGION',
    defaultText: 'AWS_REGION, or the region of the AWS profile',
    description: 'AWS region of DynamoDB and S3, such as eu-central-1',
  },
  dynamodbEndpoint: {
    type: 'text',
    flag: 'dynamodb-endpoint',
    env: 'DYNAMODB_ENDPOINT',
    group: 'Store',
    metavar: 'URL',
    defaultText: 'AWS',
    description: 'URL of DynamoDB, such as http://127.0.0.1:8000 for DynamoDB Local',
  },
  bucket: {
    type: 'text',
    flag: 'bucket',
    env: 'FUNCT_BUCKET_NAME',
    group: 'Store',
    metavar: 'NAME',
    defaultText: 'none',
    description: 'S3 bucket of bundles, and of results that are too large for a DynamoDB row',
  },
  s3Endpoint: {
    type: 'text',
    flag: 's3-endpoint',
    env: 'S3_ENDPOINT',
    group: 'Store',
    metavar: 'URL',
    defaultText: 'AWS',
    description: 'URL of another S3 than that of AWS',
  },
  recordPromise: {
    type: 'choice',
    flag: 'record-promise',
    env: 'MCP_RECORD_PROMISE',
    group: 'Store',
    choices: ['eventual', 'answered'],
    default: 'eventual',
    description:
      'DynamoDB only: eventual writes records shortly after the answer; answered writes each before its answer, which is slower',
  },
  recordSpread: {
    type: 'choice',
    flag: 'record-spread',
    env: 'MCP_RECORD_SPREAD',
    group: 'Store',
    choices: ['none', 'months', '2', '4', '8', '16', '32'],
    default: 'none',
    description:
      'DynamoDB only: keep the records of a partition under one key, under one per month, or under so many, against the limits of one key',
  },
  offloadBytes: {
    type: 'number',
    flag: 'offload-bytes',
    env: 'MCP_OFFLOAD_BYTES',
    group: 'Store',
    min: 1_000,
    max: 90_000,
    default: 16_384,
    unit: 'BYTES',
    description: 'DynamoDB only: of larger rows, arguments and results go to the bucket',
  },
} as const satisfies Record<string, Setting>;
