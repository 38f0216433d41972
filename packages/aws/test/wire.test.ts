/** Requests that write call records: their signature, their limits, and what they make of answers. */
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { createSigner } from '../src/base/sigv4.js';
import { addressOf } from '../src/dynamodb/address.js';
import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { openDynamoStore } from '../src/index.js';
import { CREDENTIALS } from './support.js';

interface Seen {
  headers: IncomingHttpHeaders;
  body: string;
}

/** What a server answers: a status, headers and a text; undefined: nothing, ever. */
interface Answer {
  status?: number;
  headers?: Record<string, string>;
  text: string;
}

const DONE: Answer = { headers: { 'x-amzn-requestid': 'R' }, text: '{"UnprocessedItems":{}}' };
const failed = (name: string, headers: Record<string, string> = {}): Answer => ({
  status: 400,
  headers: { 'x-amzn-requestid': 'R', ...headers },
  text: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}:http://x/`, message: 'because' }),
});

let server: Server;
let seen: Seen[];
let answers: (Answer | undefined)[];
const stores: DynamoStore[] = [];

beforeEach(async () => {
  seen = [];
  answers = [];
  server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      const answer = seen.length < answers.length ? answers[seen.length] : DONE;
      seen.push({ headers: req.headers, body });
      if (answer === undefined) return;
      res.writeHead(answer.status ?? 200, { date: new Date().toUTCString(), ...answer.headers }).end(answer.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A store that waits for each write, in front of the server. */
async function open(options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const limits = { connectTimeoutMs: 30_000, requestTimeoutMs: 30_000, deadlineMs: 60_000 };
  const more = { region: 'eu-central-1', credentials: CREDENTIALS, promise: 'answered' as const };
  const store = await openDynamoStore({ ...more, ...limits, endpoint, ...options });
  stores.push(store);
  return store;
}

const one = [exampleRecord({ status: 'completed' })];

describe('a signature', () => {
  const request = { host: 'h.example:8443', path: '/a b/', target: 'DynamoDB_20120810.PutItem' };

  it.each([undefined, 'TOKEN/+='])('is the one that the SDK makes, with the session token %j', async (sessionToken) => {
    const identity = { accessKeyId: 'AKID', secretAccessKey: 'SECRET', ...(sessionToken === undefined ? {} : { sessionToken }) };
    const client = new DynamoDBClient({ region: 'eu-central-1', credentials: identity });
    const scheme = { schemeId: 'aws.auth#sigv4', signingName: 'dynamodb', signingRegion: 'eu-central-1', properties: {} };
    const theirs = await client.config.signer({ ...scheme, name: 'sigv4' });
    const sign = createSigner('eu-central-1', 'dynamodb');
    // Two days, because the key of a day is kept.
    for (const now of [1_790_000_000_123, 1_790_000_000_123, 1_790_100_000_000]) {
      const body = Buffer.from(JSON.stringify({ now, text: 'ü' }));
      const { headers } = await theirs.sign(
        {
          ...{ method: 'POST', protocol: 'https:', hostname: 'h.example', path: request.path, query: {}, body },
          headers: { host: request.host, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': request.target },
        },
        { signingDate: new Date(now) },
      );
      expect(sign(identity, { ...request, body, now })).toEqual(headers);
    }
    client.destroy();
  });
});

describe('the address of DynamoDB', () => {
  const of = async (options: object): Promise<object> => {
    const client = new DynamoDBClient({ region: 'eu-central-1', credentials: CREDENTIALS, ...options });
    return addressOf(client, 'eu-central-1');
  };

  it('is the one of the region, or the endpoint', async () => {
    const aws = { protocol: 'https:', hostname: 'dynamodb.eu-central-1.amazonaws.com', port: undefined, path: '/' };
    expect(await of({})).toEqual({ ...aws, region: 'eu-central-1' });
    expect(await of({ useDualstackEndpoint: true })).toMatchObject({ hostname: 'dynamodb.eu-central-1.api.aws' });
    expect(await of({ endpoint: 'http://[::1]:8000/x' })).toMatchObject({ protocol: 'http:', hostname: '[::1]', port: 8000 });
  });
});

describe('a write', () => {
  it('is signed for its host, and repeated after a passing error', async () => {
    const store = await open();
    answers = [{ status: 500, text: '{}' }, failed('ThrottlingException'), DONE];
    await store.calls.write(one);
    expect(seen).toHaveLength(3);
    expect(store.stats()).toMatchObject({ requests: 1, retries: 2, throttled: 0 });
    const { headers, body } = seen[0] as Seen;
    expect(headers).toMatchObject({
      'x-amz-target': 'DynamoDB_20120810.BatchWriteItem',
      host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=TESTKEY\/\d{8}\/eu-central-1\/dynamodb\//) as string,
    });
    expect(JSON.parse(body)).toMatchObject({ RequestItems: { 'mcp-function_calls': [{ PutRequest: { Item: {} } }] } });
  });

  it('that is throttled three times is a throttled request, and another one follows', async () => {
    const store = await open();
    answers = Array.from({ length: 3 }, () => failed('ThrottlingException'));
    await store.calls.write(one);
    expect(seen).toHaveLength(4);
    expect(store.stats()).toMatchObject({ requests: 2, retries: 2, throttled: 1 });
  });

  it('whose permission is missing is tried once, and names it', async () => {
    const store = await open();
    answers = [failed('AccessDeniedException')];
    const message =
      'The AWS credentials do not allow dynamodb:BatchWriteItem on mcp-function_calls: add it to the policy (docs/dynamodb.md has one).';
    await expect(store.calls.write(one)).rejects.toMatchObject({ code: 'store_failed', message });
    expect(seen).toHaveLength(1);
  });

  it('takes the time of DynamoDB where it refused the one of this machine', async () => {
    const store = await open();
    const ahead = new Date(Date.now() + 3_600_000);
    answers = [failed('InvalidSignatureException', { date: ahead.toUTCString() })];
    await store.calls.write(one);
    await store.calls.write(one);
    const hours = seen.map(({ headers }) => String(headers['x-amz-date']).slice(0, 11));
    const later = ahead.toISOString().slice(0, 13).replaceAll('-', '');
    expect(hours.slice(1)).toEqual([later, later]);
    expect(hours[0]).not.toBe(later);
  });

  it('of wrong keys is refused once: the clocks do not differ', async () => {
    const store = await open();
    answers = [failed('InvalidSignatureException')];
    await expect(store.calls.write(one)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('the clock of this machine') as string,
    });
    expect(seen).toHaveLength(1);
  });

  it('that is never answered ends in a bounded time', async () => {
    const store = await open({ requestTimeoutMs: 300 });
    answers = [undefined, undefined, undefined];
    await expect(store.calls.write(one)).rejects.toMatchObject({
      code: 'store_busy',
      message: 'DynamoDB did not answer in time (BatchWriteItem on mcp-function_calls): try again later.',
    });
    expect(seen.length).toBeGreaterThan(1);
  });

  it.each<Answer>([{ text: '<html>' }, { status: 502, text: '<html>' }, { text: '' }, { text: '{}' }])(
    'is not taken as done after the answer %j of something else',
    async (answer) => {
      const store = await open();
      answers = [answer, answer, answer];
      await expect(store.calls.write(one)).rejects.toMatchObject({
        code: 'store_busy',
        message: expect.stringMatching(/^Something other than DynamoDB answered/) as string,
      });
    },
  );

  it('uses a connection again', async () => {
    const store = await open();
    let connections = 0;
    server.on('connection', () => (connections += 1));
    for (let index = 0; index < 5; index += 1) await store.calls.write(one);
    expect(connections).toBe(1);
  });
});
