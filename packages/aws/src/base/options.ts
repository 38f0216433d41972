/** What the clients of all services have in common. */
import { DaemonError } from '@mcp-daemon/core';

/** Keys of an account, where the SDK's own chain is not to look for them. */
export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What the clients of all services take. */
export interface AwsOptions {
  /** As `eu-central-1`. Default: what the SDK finds (AWS_REGION, the profile). */
  region?: string;
  /** Default: what the SDK finds (variables, profile, role of the container or machine). */
  credentials?: AwsCredentials;
  /** Milliseconds that opening a connection may take. Default 1000. */
  connectTimeoutMs?: number;
  /** Milliseconds that one attempt may take. Default 3000 for DynamoDB, 10000 for S3. */
  requestTimeoutMs?: number;
  /** Milliseconds that a request may take with all its attempts. Default 8000 for DynamoDB, 30000 for S3. */
  deadlineMs?: number;
}

/**
 * The address of a service, checked.
 *
 * @param name the setting's name, for the message
 * @throws DaemonError `usage` where it does not begin with http:// or https://. An empty one is a mistake: it does not mean AWS
 */
export function checkEndpoint(name: string, endpoint: string): string {
  if (/^https?:\/\/[^\s/?#]+/.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  const found = endpoint === '' ? 'empty' : JSON.stringify(endpoint);
  throw new DaemonError('usage', `${name} is ${found}: it must begin with http:// or https://, such as http://127.0.0.1:8000.`);
}
