/** Secrets of AWS, from a server that answers as Systems Manager and Secrets Manager do. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { until } from '../../../../tests/until.js';
import { readAwsSecret } from '../../src/index.js';

interface Request {
  target: string;
  region: string | undefined;
  body: Record<string, unknown>;
}

const VARIABLES = ['AWS_ENDPOINT_URL_SSM', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
const VALUE = 'swordfish-2';
const before = VARIABLES.map((name) => process.env[name]);

let server: Server;
let requests: Request[];
/** Answers, or does not. */
let answer: (request: Request) => [status: number, body: object] | undefined;

beforeAll(async () => {
  server = createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    req.on('end', () => {
      const region = /Credential=\w+\/\d+\/([\w-]+)\//.exec(req.headers.authorization ?? '')?.[1];
      const request = {
        target: String(req.headers['x-amz-target']),
        region,
        body: JSON.parse(text) as Record<string, unknown>,
      };
      requests.push(request);
      const answered = answer(request);
      if (answered === undefined) return;
      res.writeHead(answered[0], { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answered[1]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  VARIABLES.forEach((name, index) => (process.env[name] = index < 2 ? url : 'test'));
});

afterAll(async () => {
  VARIABLES.forEach((name, index) => {
    if (before[index] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[index];
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => (requests = []));

const read = (service: 'ssm' | 'secretsmanager', name: string, signal = new AbortController().signal): Promise<string> =>
  readAwsSecret({ service, name, region: 'eu-central-1', signal });

describe('readAwsSecret', () => {
  it('reads a parameter, decrypted', async () => {
    answer = () => [200, { Parameter: { Name: '/shop/db', Type: 'SecureString', Value: VALUE } }];
    expect(await read('ssm', '/shop/db')).toBe(VALUE);
    expect(requests).toEqual([
      { target: 'AmazonSSM.GetParameter', region: 'eu-central-1', body: { Name: '/shop/db', WithDecryption: true } },
    ]);
  });

  it('reads a secret, a binary one as UTF-8, in the region of its ARN', async () => {
    answer = () => [200, { SecretString: VALUE }];
    expect(await read('secretsmanager', 'shop/db')).toBe(VALUE);
    answer = () => [200, { SecretBinary: Buffer.from('größer').toString('base64') }];
    const arn = 'arn:aws:secretsmanager:us-east-2:123456789012:secret:shop/db-AbCdEf';
    expect(await read('secretsmanager', arn)).toBe('größer');
    expect(requests).toEqual([
      { target: 'secretsmanager.GetSecretValue', region: 'eu-central-1', body: { SecretId: 'shop/db' } },
      { target: 'secretsmanager.GetSecretValue', region: 'us-east-2', body: { SecretId: arn } },
    ]);
  });

  it('says what is missing', async () => {
    answer = () => [400, { __type: 'ParameterNotFound', message: '' }];
    await expect(read('ssm', '/none')).rejects.toThrow('SSM has no /none in this region and account');
    answer = () => [400, { __type: 'ResourceNotFoundException', Message: 'cannot find it' }];
    await expect(read('secretsmanager', 'none')).rejects.toThrow('Secrets Manager has no none in this region and account');
    answer = () => [200, {}];
    await expect(read('secretsmanager', 'empty')).rejects.toThrow('empty of Secrets Manager has no value');
    answer = () => [400, { __type: 'AccessDeniedException', message: 'User x is not authorized to perform: ssm:GetParameter' }];
    await expect(read('ssm', '/db')).rejects.toThrow(
      'do not allow ssm:GetParameter on /db: add it to the policy (docs/config.md',
    );
  });

  it('ends with its signal where there is no answer', async () => {
    answer = () => undefined;
    const controller = new AbortController();
    const reading = read('ssm', '/db', controller.signal);
    const failed = expect(reading).rejects.toThrow('SSM did not answer in time');
    await until(() => requests.length > 0, 'the request');
    controller.abort();
    await failed;
  });
});
