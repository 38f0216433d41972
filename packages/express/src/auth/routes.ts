/** Logging in over HTTP, as a plain handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, JsonObject, Logger } from '@mcp-daemon/core';
import { compileSchema } from '@mcp-daemon/core';

import type { Problem } from '../wire/problem.js';
import { sendProblem } from '../wire/problem.js';
import { noteCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import type { Bearer } from './bearer.js';
import type { Challenges } from './challenge.js';
import { METADATA_PATH } from './challenge.js';
import type { LoggedIn, Login } from './login.js';
import { readBody } from './read-body.js';
import { LOGIN_BODY, TOKEN_FORM } from './schemas.js';

/** What {@link createAuthRoutes} takes. */
export interface AuthRoutesOptions {
  login: Login;
  bearerOf: (req: IncomingMessage) => Awaitable<Bearer | Refusal>;
  challenges: Challenges;
  addressOf: (req: IncomingMessage) => string;
  logger: Pick<Logger, 'error'> | undefined;
}

/** What somebody logs in with. */
interface Credentials {
  username: string;
  password: string;
}

/** Tokens, and who somebody is, are kept by nobody on the way. */
const NO_STORE = ['cache-control', 'no-store', 'pragma', 'no-cache'];

const invalid = (message: string, code = 'invalid_request'): Problem => ({ status: 400, message, code });

const NEEDED = 'The body must have a username and a password, as strings.';

/** Makes what finds the credentials in a body that has to be as its schema says. */
function reader(schema: JsonObject): (value: unknown) => Credentials | Problem {
  const check = compileSchema(schema);
  return (value) => {
    if (!check(value).ok) return invalid(NEEDED); // what the check says could quote the body
    const { username, password } = value as Credentials;
    return { username, password };
  };
}

const inLogin = reader(LOGIN_BODY);
const inForm = reader(TOKEN_FORM);

/** The credentials in JSON. */
function fromJson(text: string): Credentials | Problem {
  try {
    return inLogin(JSON.parse(text));
  } catch {
    return invalid('The body must be JSON.'); // what the parser says quotes the body
  }
}

/** The credentials in a form of OAuth 2. */
function fromForm(form: URLSearchParams): Credentials | Problem {
  for (const name of ['username', 'password', 'grant_type'])
    if (form.getAll(name).length > 1) return invalid('A field of the form is there more than once.');
  if ((form.get('grant_type') ?? 'password') !== 'password')
    return invalid('The grant_type must be password.', 'unsupported_grant_type');
  return inForm(Object.fromEntries(form));
}

/** Creates the handler. @returns false for paths that are not its own */
export function createAuthRoutes(options: AuthRoutesOptions): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  const { login, bearerOf, challenges, addressOf, logger } = options;

  const send = (res: ServerResponse, body: object): void => sendJson(res, 200, JSON.stringify(body), NO_STORE);

  /** @returns false where a request has another method; it is answered then */
  function allowed(req: IncomingMessage, res: ServerResponse, method: 'GET' | 'POST'): boolean {
    if (req.method === method) return true;
    sendProblem(res, { status: 405, message: `Use ${method}.`, headers: { allow: method } });
    return false;
  }

  /** @param wrong what OAuth, or HTTP, calls wrong credentials */
  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    from: Credentials | Problem,
    wrong: Partial<Problem>,
  ): Promise<void> {
    if ('status' in from) return sendProblem(res, from);
    const result: LoggedIn | Problem = await login(from.username, from.password, addressOf(req));
    if ('status' in result) return sendProblem(res, result.status === 401 ? { ...result, ...wrong } : result);
    const { accessToken, expiresIn, idToken } = result;
    const more = idToken === undefined ? {} : { id_token: idToken };
    send(res, { access_token: accessToken, token_type: 'bearer', expires_in: expiresIn, ...more });
  }

  async function loginWithJson(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readBody(req, 'application/json');
    if (body === undefined) return;
    if ('status' in body) return sendProblem(res, body);
    const from = 'text' in body ? fromJson(body.text) : inLogin(body.parsed);
    await answer(req, res, from, { code: 'invalid_credentials' });
  }

  async function loginWithForm(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readBody(req, 'application/x-www-form-urlencoded');
    if (body === undefined) return;
    if ('status' in body) return sendProblem(res, body);
    const from = 'text' in body ? fromForm(new URLSearchParams(body.text)) : inForm(body.parsed);
    await answer(req, res, from, { code: 'invalid_grant', status: 400 });
  }

  async function me(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const bearer = await bearerOf(req);
    if ('status' in bearer) return sendProblem(res, bearer);
    noteCaller(req, bearer);
    const { subject, roles, partitions, expires } = bearer;
    send(res, { username: subject, roles, partitions, ...(expires === undefined ? {} : { exp: expires }) });
  }

  function metadata(req: IncomingMessage, res: ServerResponse, path: string): void {
    const found = challenges.metadata(req, path);
    if (found === undefined) sendProblem(res, { status: 404, message: 'Nothing is served there.', code: 'not_found' });
    else send(res, found);
  }

  async function serve(req: IncomingMessage, res: ServerResponse, path: string): Promise<boolean> {
    if (path === '/auth/login') {
      if (allowed(req, res, 'POST')) await loginWithJson(req, res);
    } else if (path === '/auth/token') {
      if (allowed(req, res, 'POST')) await loginWithForm(req, res);
    } else if (path === '/me') {
      if (allowed(req, res, 'GET')) await me(req, res);
    } else if (path === METADATA_PATH || path.startsWith(`${METADATA_PATH}/`)) {
      if (allowed(req, res, 'GET')) metadata(req, res, path.slice(METADATA_PATH.length));
    } else return false;
    return true;
  }

  return async (req, res) => {
    try {
      return await serve(req, res, (req.url ?? '/').split('?', 1).join(''));
    } catch (error) {
      // Its words may hold a password.
      logger?.error({ error: error instanceof Error ? error.name : 'unknown' }, 'an HTTP request failed');
      if (res.headersSent) res.destroy();
      else sendProblem(res, { status: 500, message: 'Internal error' });
      return true;
    }
  };
}
