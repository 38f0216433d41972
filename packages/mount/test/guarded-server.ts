/** A server that demands tokens, and the authorization server that gives them. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

import type { MountDefinition } from '@mcp-daemon/core';

import type { Listening } from './http-servers.js';
import { listen, serveV1 } from './http-servers.js';
import type { Bench } from './support.js';

/** How a guarded server behaves, and what it has seen. */
export interface Guarded extends Listening {
  /** The account that logs in next. */
  account: string;
  /** Seconds for which access tokens are good. */
  expiresIn: number;
  /** Seconds for which refresh tokens are good. Undefined: the answers do not say. */
  refreshExpiresIn: number | undefined;
  /** Whether new refresh tokens are refused; `busy`: with an error that passes. */
  refuses: boolean | 'busy';
  /** The only client that may log in, by id and secret. Undefined: clients register themselves. */
  client: { id: string; secret: string } | undefined;
  /** How clients have proven who they are at the token endpoint and at the revocation endpoint. */
  readonly proofs: string[];
  /** Valid access tokens, and whose they are. */
  readonly tokens: Map<string, string>;
  readonly counts: { refreshes: number; reused: number; registrations: number };
  readonly revoked: string[];
  /** The headers of the calls of tools so far, with those that were refused. */
  readonly attempts: IncomingHttpHeaders[];
  /** The accounts of the calls of tools so far. */
  readonly calls: string[];
}

/** Sends a request on to another server. */
async function forward(url: string, req: IncomingMessage, body: Buffer, res: ServerResponse): Promise<void> {
  const dropped = /^(host|connection|content-length|transfer-encoding)$/;
  const headers = Object.entries(req.headers).filter(([name]) => !dropped.test(name)) as [string, string][];
  try {
    const answer = await fetch(url, {
      method: req.method ?? 'GET',
      headers: Object.fromEntries(headers),
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    });
    res.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => name !== 'transfer-encoding')));
    for await (const chunk of answer.body ?? []) res.write(chunk);
    res.end();
  } catch {
    res.destroy(); // the server was closed in the middle of a stream: so is this one
  }
}

/** Serves a server of SDK v1 behind OAuth. Every refresh token is good once. */
export async function serveGuarded(): Promise<Guarded> {
  const inner = await serveV1();
  const codes = new Map<string, string>();
  const refreshTokens = new Map<string, string>();
  const state: Omit<Guarded, keyof Listening> = {
    ...{ account: 'someone', expiresIn: 3_600, refreshExpiresIn: undefined, refuses: false },
    ...{
      client: undefined,
      proofs: [],
      attempts: [],
      tokens: new Map(),
      revoked: [],
      calls: [],
      counts: { refreshes: 0, reused: 0, registrations: 0 },
    },
  };
  const { tokens, counts } = state;

  const isKnown = (id: string | null): boolean => state.client === undefined || id === state.client.id;

  /** Whether the client of a request has its secret with it, in the header or in the form. */
  function isProven({ headers }: IncomingMessage, form: URLSearchParams): boolean {
    if (state.client === undefined) return true;
    const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1];
    const given =
      basic === undefined
        ? `${form.get('client_id') ?? ''}:${form.get('client_secret') ?? ''}`
        : Buffer.from(basic, 'base64').toString();
    state.proofs.push(given);
    return given === `${state.client.id}:${state.client.secret}`;
  }

  function token(form: URLSearchParams): [number, object] {
    const isRefresh = form.get('grant_type') === 'refresh_token';
    const given = form.get(isRefresh ? 'refresh_token' : 'code') ?? '';
    const known = isRefresh ? refreshTokens : codes;
    const account = known.get(given);
    if (isRefresh) counts.refreshes += 1;
    if (isRefresh && state.refuses === 'busy') return [503, { error: 'temporarily_unavailable' }];
    known.delete(given);
    if (isRefresh && account === undefined) counts.reused += 1;
    const isGranted = isRefresh ? state.refuses === false : form.get('code_verifier') !== null;
    if (account === undefined || !isGranted) return [400, { error: 'invalid_grant', error_description: 'the consent is over' }];
    const [access, refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    tokens.set(access, account);
    refreshTokens.set(refresh, account);
    const refreshExpires = state.refreshExpiresIn === undefined ? {} : { refresh_expires_in: state.refreshExpiresIn };
    return [
      200,
      { access_token: access, token_type: 'Bearer', expires_in: state.expiresIn, refresh_token: refresh, ...refreshExpires },
    ];
  }

  function serve(req: IncomingMessage, body: Buffer, res: ServerResponse, { pathname, origin, searchParams }: URL): void {
    const json = (status: number, value: object): void =>
      void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const form = (): URLSearchParams => new URLSearchParams(body.toString());
    if (pathname.startsWith('/.well-known/oauth-protected-resource'))
      return json(200, { resource: outer.url, authorization_servers: [origin] });
    if (pathname.startsWith('/.well-known/'))
      return json(200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        ...(state.client === undefined ? { registration_endpoint: `${origin}/register` } : {}),
        revocation_endpoint: `${origin}/revoke`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: [state.client === undefined ? 'none' : 'client_secret_basic'],
      });
    if (pathname === '/register') {
      counts.registrations += 1;
      return json(201, { ...(JSON.parse(body.toString()) as object), client_id: 'us' });
    }
    if (pathname === '/authorize') {
      if (!isKnown(searchParams.get('client_id'))) return json(400, { error: 'unauthorized_client' });
      const code = randomUUID();
      codes.set(code, state.account);
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', searchParams.get('state') ?? '');
      return void res.writeHead(302, { location: back.href }).end();
    }
    if (pathname === '/token' && !isProven(req, form())) return json(401, { error: 'invalid_client' });
    if (pathname === '/token') return json(...token(form()));
    if (pathname === '/revoke') {
      if (!isProven(req, form())) return json(401, { error: 'invalid_client' });
      state.revoked.push(form().get('token') ?? '');
      return json(200, {});
    }
    const isCall = body.includes('"tools/call"');
    if (isCall) state.attempts.push(req.headers);
    const account = tokens.get(/^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '');
    if (account === undefined) {
      const challenge = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource"`;
      return void res.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (isCall) state.calls.push(account);
    return void forward(inner.url, req, body, res);
  }

  const outer: Listening = await listen((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => serve(req, Buffer.concat(chunks), res, new URL(req.url ?? '/', outer.url)));
  });
  return Object.assign(state, outer, {
    async close() {
      await outer.close();
      await inner.close();
    },
  });
}

/** Follows the log-in of the authorization server, as a browser does. @returns the address that it comes back to */
export async function followLogin(url: string | URL): Promise<URL> {
  const answer = await fetch(url, { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '');
}

/** Logs an operator in at the first mounted server. @throws Error that says why it failed */
export async function logIn({ mounts, source }: Bench): Promise<MountDefinition> {
  let come: (parameters: URLSearchParams) => void = () => undefined;
  const [mount] = (await source.load('default'))?.mounts ?? [];
  if (mount === undefined) throw new Error('nothing is mounted');
  await mounts.login(mount, {
    redirectUrl: 'http://127.0.0.1:9/callback',
    answer: new Promise((resolve) => (come = resolve)),
    show: (url) => void followLogin(url).then((back) => come(back.searchParams)),
  });
  return mount;
}
