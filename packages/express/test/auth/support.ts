/** Helpers for the tests of authentication: users in temporary folders, servers with these users, and tokens of any kind. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LocalAuth, LocalAuthOptions } from '@mcp-daemon/express/local';
import { createLocalAuth } from '@mcp-daemon/express/local';
import bcrypt from 'bcrypt';
import { SignJWT } from 'jose';

import { atEnd } from '../support.js';

export const SECRET = 'a secret of the tests, which is long enough';
export const PASSWORD = 'correct horse';

/** The cheapest hash there is. */
export const HASH = bcrypt.hashSync(PASSWORD, 4);

export const USERS = [
  { username: 'ann', password_hash: HASH, roles: ['user'] },
  { username: 'bob', password_hash: HASH, roles: ['user'], partitions: ['alpha', 'alpha#one'] },
  { username: 'eve', password_hash: HASH, roles: ['viewer'] },
  { username: 'root', password_hash: HASH, roles: ['admin'] },
  { username: 'odd', password_hash: HASH, roles: ['gardener'] },
];

/** A folder that is removed after the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mcp-auth-'));
  atEnd(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A users file. */
export async function usersFile(users: unknown = USERS): Promise<string> {
  const file = join(await folder(), 'users.json');
  await writeFile(file, typeof users === 'string' ? users : JSON.stringify(users));
  return file;
}

export const localAuth = async (options: Partial<LocalAuthOptions> = {}): Promise<LocalAuth> =>
  createLocalAuth({ userFile: options.userFile ?? (await usersFile()), jwtSecret: SECRET, ...options });

/** Serves `auth.handle` until the end of the test, and 404 for other paths. */
export async function serveAuth(auth: Pick<LocalAuth, 'handle'>): Promise<{ port: number }> {
  const server = createServer((req, res) => {
    void auth.handle(req, res).then((served) => {
      if (!served) res.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port };
}

/** A whole answer. */
export interface Response {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

/** Sends a request without adding anything. */
export function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text,
          get json() {
            return JSON.parse(text) as Record<string, unknown>;
          },
        }),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
}

export const JSON_TYPE = { 'content-type': 'application/json' };

export const logIn = (port: number, username: unknown, password: unknown = PASSWORD): Promise<Response> =>
  ask(port, 'POST', '/auth/login', JSON_TYPE, JSON.stringify({ username, password }));

const now = (): number => Math.floor(Date.now() / 1000);

/** A valid token of `ann`, with some claims replaced. Claims that are undefined are left out. */
export function mint(more: Record<string, unknown> = {}, { secret = SECRET, alg = 'HS256' } = {}): Promise<string> {
  const claims = {
    iss: 'mcp-daemon',
    sub: 'ann',
    iat: now(),
    exp: now() + 60,
    roles: ['user'],
    partitions: ['default'],
    ...more,
  };
  const said = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(said).setProtectedHeader({ alg }).sign(Buffer.from(secret));
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header, signed with HMAC or not signed at all. */
export function forge(header: object, claims: object = {}, signed = true): string {
  const text = `${part(header)}.${part({ iss: 'mcp-daemon', sub: 'root', iat: now(), exp: now() + 60, roles: ['admin'], partitions: [], ...claims })}`;
  return `${text}.${signed ? createHmac('sha256', SECRET).update(text).digest('base64url') : ''}`;
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });
