/** The HTTP paths of authentication: log in, ask who a token belongs to, and the metadata of protected resources. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, JsonObject, Logger } from '@mcp-daemon/core';
import { compileSchema, DaemonError, scopeProblem } from '@mcp-daemon/core';

import { isAt, partitionOfPath, pathOfUrl, PATHS } from '../paths.js';
import type { Body, BodyReader } from '../wire/body.js';
import { createBodyReader } from '../wire/body.js';
import type { Problem } from '../wire/problem.js';
import { sendProblem } from '../wire/problem.js';
import { recordCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import type { Bearer } from './bearer.js';
import type { Challenges } from './challenge.js';
import { isDiscovery } from './challenge.js';
import type { LoggedIn, Login } from './login.js';
import type { AuthProvider, ScopesOf } from './provider.js';
import { LOGIN_BODY, TOKEN_FORM } from './schemas.js';

/** What {@link createAuthRoutes} takes. */
export interface AuthRoutesOptions {
  login: Login;
  /** The user of a request's token, or a refusal. */
  bearerOf: (req: IncomingMessage) => Awaitable<Bearer | Refusal>;
  challenges: Challenges;
  /** Serves the paths of an authorization server; see {@link AuthorizationPaths}. Default: there is none. */
  oauth?: AuthorizationPaths | undefined;
  /** The address of the client, for the limits on login attempts. */
  addressOf: (req: IncomingMessage) => string;
  logger: Pick<Logger, 'error'> | undefined;
}

/** The paths of an authorization server. */
export interface AuthorizationPaths {
  /**
   * Serves a request.
   *
   * @param url the URL of this server, as its client knows it
   * @param scopesOf the scopes that the functions of a partition need. Default: none
   * @returns false for other paths
   */
  handle(req: IncomingMessage, res: ServerResponse, url: string, scopesOf?: ScopesOf): Promise<boolean>;
}

/** A username and a password. */
interface Credentials {
  username: string;
  password: string;
  /** The scopes that the token is to have at most; absent: all. */
  scope?: string | undefined;
}

/** Largest size of a body with credentials. */
const MAX_BYTES = 16_384;

/** No cache may keep a token, or the answer to whose token it is. */
const NO_STORE = ['cache-control', 'no-store', 'pragma', 'no-cache'];

const readJson = createBodyReader({ type: 'application/json', maxBytes: MAX_BYTES });
const readForm = createBodyReader({ type: 'application/x-www-form-urlencoded', maxBytes: MAX_BYTES });

/** The body of a request; undefined: the client has disconnected. */
const bodyOf = (req: IncomingMessage, read: BodyReader): Promise<Body | Refusal | undefined> =>
  new Promise((resolve) => {
    read(req, resolve);
    req.once('close', () => resolve(undefined));
  });

const invalid = (message: string, code = 'invalid_request'): Problem => ({ status: 400, message, code });

const NEEDED = 'The body must have a username and a password, as strings.';

/** Creates a function that checks a parsed body by a schema and returns the credentials in it. */
function reader(schema: JsonObject): (value: unknown) => Credentials | Problem {
  const check = compileSchema(schema);
  return (value) => {
    if (!check(value).ok) return invalid(NEEDED); // the problems that the check found could quote the password
    const { username, password, scope } = value as Credentials;
    return { username, password, scope };
  };
}

const INVALID_SCOPE = invalid('The scope must be scopes separated by spaces.', 'invalid_scope');

/** The scopes in a `scope` parameter. @returns undefined: it names none, so all are wanted; null: it is malformed */
function scopesWanted(scope: string | undefined): readonly string[] | undefined | null {
  const scopes = [...new Set(scope?.split(' '))].filter((one) => one !== '');
  if (scopes.length === 0) return undefined;
  return scopes.every((one) => scopeProblem(one) === undefined) ? scopes : null;
}

const inLogin = reader(LOGIN_BODY);
const inForm = reader(TOKEN_FORM);

/** The credentials in a JSON text. */
function fromJson(text: string): Credentials | Problem {
  try {
    return inLogin(JSON.parse(text));
  } catch {
    return invalid('The body must be JSON.'); // the parser's own message quotes the body
  }
}

/** The credentials in an OAuth 2 form. */
function fromForm(form: URLSearchParams): Credentials | Problem {
  for (const name of ['username', 'password', 'grant_type', 'scope'])
    if (form.getAll(name).length > 1) return invalid('A field of the form occurs more than once.');
  if ((form.get('grant_type') ?? 'password') !== 'password')
    return invalid('The grant_type must be password.', 'unsupported_grant_type');
  return inForm(Object.fromEntries(form));
}

/** Creates the handler. It returns false, and does nothing, for a path that it does not serve. */
export function createAuthRoutes(options: AuthRoutesOptions): AuthProvider['handle'] {
  const { login, bearerOf, challenges, oauth, addressOf, logger } = options;

  const send = (res: ServerResponse, body: object): void => sendJson(res, 200, JSON.stringify(body), NO_STORE);

  /** Whether the request has this method; otherwise it is answered with 405. */
  function allowed(req: IncomingMessage, res: ServerResponse, method: 'GET' | 'POST'): boolean {
    if (req.method === method) return true;
    sendProblem(res, { status: 405, message: `Use ${method}.`, headers: { allow: method } });
    return false;
  }

  /** Logs in and sends the token. @param wrong the status and code for wrong credentials, which differ between HTTP and OAuth */
  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    from: Credentials | Problem,
    wrong: Partial<Problem>,
  ): Promise<void> {
    if ('status' in from) return sendProblem(res, from);
    const wanted = scopesWanted(from.scope);
    if (wanted === null) return sendProblem(res, INVALID_SCOPE);
    const result: LoggedIn | Problem = await login(from.username, from.password, addressOf(req), wanted);
    if ('status' in result) return sendProblem(res, result.status === 401 ? { ...result, ...wrong } : result);
    const { accessToken, expiresIn, idToken, scopes } = result;
    const more = {
      ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
      ...(idToken === undefined ? {} : { id_token: idToken }),
    };
    send(res, { access_token: accessToken, token_type: 'bearer', expires_in: expiresIn, ...more });
  }

  async function loginWithJson(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await bodyOf(req, readJson);
    if (body === undefined) return;
    if ('status' in body) return sendProblem(res, body);
    const from = 'text' in body ? fromJson(body.text) : inLogin(body.parsed);
    await answer(req, res, from, { code: 'invalid_credentials' });
  }

  async function loginWithForm(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await bodyOf(req, readForm);
    if (body === undefined) return;
    if ('status' in body) return sendProblem(res, body);
    const from = 'text' in body ? fromForm(new URLSearchParams(body.text)) : inForm(body.parsed);
    await answer(req, res, from, { code: 'invalid_grant', status: 400 });
  }

  async function me(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const bearer = await bearerOf(req);
    if ('status' in bearer) return sendProblem(res, bearer);
    recordCaller(req, bearer);
    const { subject, roles, partitions, scopes, expires } = bearer;
    const held = scopes === undefined ? {} : { scopes: [...scopes] };
    send(res, { username: subject, roles, partitions, ...held, ...(expires === undefined ? {} : { exp: expires }) });
  }

  async function metadata(req: IncomingMessage, res: ServerResponse, path: string, scopesOf?: ScopesOf): Promise<void> {
    const partition = challenges.discovery === undefined ? partitionOfPath(path) : undefined;
    const scopes = partition === undefined ? [] : await scopesOf?.(partition);
    const found = challenges.metadata(req, path, scopes ?? []);
    if ('status' in found) sendProblem(res, found as Refusal);
    else send(res, found);
  }

  async function serve(req: IncomingMessage, res: ServerResponse, path: string, scopesOf?: ScopesOf): Promise<boolean> {
    if (isAt('login', path)) {
      if (allowed(req, res, 'POST')) await loginWithJson(req, res);
    } else if (isAt('token', path)) {
      if (allowed(req, res, 'POST')) await loginWithForm(req, res);
    } else if (isAt('me', path)) {
      if (allowed(req, res, 'GET')) await me(req, res);
    } else if (isAt('metadata', path)) {
      if (allowed(req, res, 'GET')) await metadata(req, res, path.slice(PATHS.metadata.path.length), scopesOf);
    } else if (oauth !== undefined && (await oauth.handle(req, res, challenges.urlOf(req), scopesOf))) return true;
    else if (challenges.discovery !== undefined && isDiscovery(path)) sendProblem(res, challenges.discovery);
    else return false;
    return true;
  }

  return async (req, res, scopesOf) => {
    try {
      return await serve(req, res, pathOfUrl(req.url), scopesOf);
    } catch (error) {
      // Only our own messages are logged: another error's message may quote a password.
      const reason = error instanceof DaemonError ? error.message : error instanceof Error ? error.name : 'unknown';
      logger?.error({ error: reason }, 'an HTTP request failed');
      if (res.headersSent) res.destroy();
      else sendProblem(res, { status: 500, message: 'Internal error' });
      return true;
    }
  };
}
