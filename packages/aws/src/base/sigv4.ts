/**
 * Signs requests whose body is JSON, by AWS Signature Version 4. The SDK's own signer does the same for every kind of request, and takes
 * several times as long; a test compares the two.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';

/** Keys of an account, and when they end. */
export interface Identity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** Default: they do not end. */
  expiration?: Date | undefined;
}

/** A request to sign: a POST. */
export interface SignedRequest {
  /** With its port, unless it is the one of the protocol. */
  host: string;
  path: string;
  /** The operation, as `DynamoDB_20120810.PutItem`. */
  target: string;
  body: Uint8Array;
  /** Milliseconds since 1970. */
  now: number;
}

/** Makes the headers of a request, `authorization` among them. */
export type Signer = (identity: Identity, request: SignedRequest) => Record<string, string>;

const CONTENT_TYPE = 'application/x-amz-json-1.0';
const ALGORITHM = 'AWS4-HMAC-SHA256';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** `20261129T165811Z` */
const timeText = (now: number): string => `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** A path as the signature has it: encoded once more than it is sent. */
const pathText = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** Creates a signer for one service in one region. It keeps the key of the day. */
export function createSigner(region: string, service: string): Signer {
  let known: { day: string; secret: string; key: Buffer } | undefined;

  function keyOf(secret: string, day: string): Buffer {
    if (known?.day !== day || known.secret !== secret) {
      const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, day));
      known = { day, secret, key };
    }
    return known.key;
  }

  return ({ accessKeyId, secretAccessKey, sessionToken }, { host, path, target, body, now }) => {
    const time = timeText(now);
    const day = time.slice(0, 8);
    // In the order of their names, as the signature wants it.
    const digest = sha256(body);
    const headers: Record<string, string> = {
      'content-type': CONTENT_TYPE,
      host,
      'x-amz-content-sha256': digest,
      'x-amz-date': time,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
      'x-amz-target': target,
    };
    const signed = Object.keys(headers).join(';');
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    const request = `POST\n${pathText(path)}\n\n${lines.join('')}\n${signed}\n${digest}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const signature = hmac(keyOf(secretAccessKey, day), `${ALGORITHM}\n${time}\n${scope}\n${sha256(request)}`).toString('hex');
    headers['authorization'] = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return headers;
  };
}
