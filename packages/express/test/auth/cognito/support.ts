/** Helpers for the tests of Cognito: a local user pool, an API with scripted answers, keys, and tokens of any kind. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CognitoAuth, CognitoAuthOptions } from '@mcp-daemon/express/cognito';
import { createCognitoAuth } from '@mcp-daemon/express/cognito';
import type { CryptoKey, JWK } from 'jose';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { atEnd } from '../../support.js';

export const POOL = 'eu-central-1_Test12345';
export const CLIENT = '4vhs9k5qtn51t4qqy8fqqe9uv';
export const CLIENT_SECRET = '9329o6ewngpctl5s75lpf8k1t';
export const ISSUER = `https://cognito-idp.eu-central-1.amazonaws.com/${POOL}`;
export const PASSWORD = 'Correct-Horse-1';

export const cognitoAuth = (options: Partial<CognitoAuthOptions>): Promise<CognitoAuth> =>
  createCognitoAuth({ userPoolId: POOL, clientId: CLIENT, clientSecret: CLIENT_SECRET, ...options });

/** Listens until the end of the test. */
export async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const DATE = '2026-01-01T00:00:00.000Z';

/** The users of the local pool: their groups and other attributes. */
const USERS: Record<string, { groups?: string[]; [key: string]: unknown }> = {
  ann: { groups: ['user'] },
  bob: { groups: ['user', 'partition:alpha', 'partition:alpha#one'] },
  eve: { groups: ['viewer', 'gardeners'] },
  root: { groups: ['admin'] },
  nobody: {},
  newcomer: { groups: ['user'], UserStatus: 'FORCE_CHANGE_PASSWORD' },
  reset: { groups: ['user'], UserStatus: 'RESET_REQUIRED' },
  unconfirmed: { groups: ['user'], UserStatus: 'UNCONFIRMED' },
  careful: { groups: ['user'], UserMFASettingList: ['SOFTWARE_TOKEN_MFA'] },
};

/** A running pool. */
export interface RunningPool {
  readonly endpoint: string;
  readonly jwksUrl: string;
  stop(): Promise<void>;
}

/** Starts cognito-local with a pool whose id and issuer look like Amazon's. */
export async function startPool(): Promise<RunningPool> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-cognito-'));
  const write = (name: string, value: object): Promise<void> => writeFile(join(folder, '.cognito', name), JSON.stringify(value));
  await mkdir(join(folder, '.cognito', 'db'), { recursive: true });
  const dates = { CreationDate: DATE, LastModifiedDate: DATE };
  const names = Object.keys(USERS);
  const users = names.map((name, index) => {
    const { groups: _, ...more } = USERS[name]!;
    const sub = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const Attributes = [
      { Name: 'sub', Value: sub },
      { Name: 'custom:partitions', Value: 'beta, gamma' },
    ];
    const dated = { UserCreateDate: DATE, UserLastModifiedDate: DATE };
    const user = { Username: name, Password: PASSWORD, UserStatus: 'CONFIRMED', Enabled: true, RefreshTokens: [] };
    return [name, { ...user, Attributes, ...dated, ...more }];
  });
  const groups = [...new Set(names.flatMap((name) => USERS[name]?.groups ?? []))].map((group) => {
    const members = names.filter((name) => USERS[name]?.groups?.includes(group));
    return [group, { GroupName: group, members, ...dates }];
  });
  await write('config.json', {
    TokenConfig: { IssuerDomain: ISSUER.slice(0, ISSUER.lastIndexOf('/')) },
    ServerConfig: { hostname: '127.0.0.1', port: 0 },
  });
  await write(`db/${POOL}.json`, {
    Users: Object.fromEntries(users) as object,
    Groups: Object.fromEntries(groups) as object,
    Options: { Id: POOL, Name: 'tested', MfaConfiguration: 'OPTIONAL', UsernameAttributes: [], ...dates },
  });
  await write('db/clients.json', {
    Clients: { [CLIENT]: { ClientId: CLIENT, ClientName: 'tested', ClientSecret: CLIENT_SECRET, UserPoolId: POOL, ...dates } },
  });

  const start = createRequire(import.meta.url).resolve('cognito-local/lib/bin/start.js');
  const child = spawn(process.execPath, [start], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  const endpoint = await new Promise<string>((resolve, reject) => {
    const look = (text: string): void => {
      said += text;
      const url = /running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    void ended.then(() => reject(new Error(`cognito-local has ended: ${said}`)));
  });
  return {
    endpoint,
    jwksUrl: `${endpoint}/${POOL}/.well-known/jwks.json`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server that gives scripted answers in place of Cognito's API. */
export interface Scripted {
  readonly endpoint: string;
  /** The requests, with their headers. */
  readonly asked: { headers: Record<string, unknown>; body: Record<string, unknown> }[];
  /** The answer: a status, the name of an error or an empty text, and the body. */
  answer: [status: number, error: string | undefined, body: object];
}

/** Starts the server. */
export async function scripted(...answer: Scripted['answer']): Promise<Scripted> {
  const asked: Scripted['asked'] = [];
  const server = createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    req.on('end', () => {
      asked.push({ headers: req.headers, body: JSON.parse(text) as Record<string, unknown> });
      const [status, error, body] = made.answer;
      res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      res.end(JSON.stringify(error === undefined ? body : { __type: error, ...body }));
    });
  });
  const made = { endpoint: await listen(server), asked, answer };
  return made;
}

/** A signing key of a pool. */
export interface PoolKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** Makes a key. */
export async function makeKey(kid: string): Promise<PoolKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** A server with the keys of a pool. */
export interface KeyServer {
  readonly url: string;
  keys: PoolKey[];
  /** The answer in place of the keys. */
  broken: { status: number; text: string } | undefined;
  /** The number of requests. */
  count: number;
}

/** Starts the server. */
export async function serveKeys(...keys: PoolKey[]): Promise<KeyServer> {
  const server = createServer((_req, res) => {
    made.count += 1;
    const { status, text } = made.broken ?? { status: 200, text: JSON.stringify({ keys: made.keys.map(({ jwk }) => jwk) }) };
    res.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
  const made: KeyServer = { url: `${await listen(server)}/jwks.json`, keys, broken: undefined, count: 0 };
  return made;
}

const now = (): number => Math.floor(Date.now() / 1000);

/** A valid access token of `ann`, with some claims replaced. Claims that are undefined are left out. */
export function mint({ kid, privateKey }: PoolKey, more: Record<string, unknown> = {}, header: object = {}): Promise<string> {
  const claims = {
    iss: ISSUER,
    sub: '00000000-0000-4000-8000-000000000000',
    token_use: 'access',
    client_id: CLIENT,
    username: 'ann',
    'cognito:groups': ['user'],
    iat: now(),
    exp: now() + 60,
    ...more,
  };
  const said = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(said).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey);
}

/** The claims that make an access token an ID token. */
export const ID = { token_use: 'id', client_id: undefined, username: undefined, aud: CLIENT, 'cognito:username': 'ann' };
