/**
 * Variables of the Python engine that have no effect in this version.
 */
import type { Env } from './setting.js';

const BUNDLES = 'code is loaded from local files and packages, not from bundles';
const AWS = 'this version uses no DynamoDB and no S3';
const IGNORED: Readonly<Record<string, string>> = {
  FUNCT_BUCKET_NAME: BUNDLES,
  FUNCT_ZIP_PATH: BUNDLES,
  FUNCT_EXTRACT_PATH: BUNDLES,
  REGION_NAME: AWS,
};

/** One line for each variable that is set and has no effect. */
export const ignoredVariables = (env: Env): string[] =>
  Object.entries(IGNORED).flatMap(([name, why]) => (env[name]?.trim() ? [`${name} is set, but has no effect: ${why}`] : []));
