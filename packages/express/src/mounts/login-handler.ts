/**
 * Serves the pages on which users log in at mounted servers, below `/mounts`. A link says whose log-in it is for: that user has to prove with
 * their password that it is them. The browser gets a cookie, and only that browser can end the log-in.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { DaemonError } from '@mcp-daemon/core';

import type { Handler } from '../access/authenticated.js';
import { hasAccess, hasRole } from '../auth/identity.js';
import type { AuthProvider } from '../auth/provider.js';
import { messagePage } from '../auth/server/pages.js';
import { formOf, isCrossSite, sendPage } from '../auth/server/request.js';
import { createThrottle, networkOf } from '../auth/throttle.js';
import { pathOfUrl, PATHS } from '../paths.js';
import type { Problem } from '../wire/problem.js';
import { sendProblem } from '../wire/problem.js';
import { parsePublicUrl } from '../wire/public-url.js';
import { sendJson } from '../wire/respond.js';
import type { MountLogin, MountLogins } from './mount-logins.js';
import { donePage, EXPIRED, failedPage, leavingPage, startPage } from './pages.js';

/** What {@link createMountLogins} takes. */
export interface MountLoginsOptions {
  logins: MountLogins;
  auth: Pick<AuthProvider, 'authenticate' | 'loopbackOnly' | 'prove'>;
  addressOf: (req: IncomingMessage) => string;
  /** The URL under which clients reach this server. Undefined: the one that it listens on. */
  publicUrl: string | undefined;
}

/** Requests from one address. */
const PER_ADDRESS = { burst: 60, everyMs: 1_000, maxKeys: 10_000 };
const COOKIE_SECONDS = 15 * 60;
const ANY_SITE = messagePage('This form comes from another site', 'Open the link of your client again.');
const ABOUT = messagePage(
  'Log in at mounted servers',
  'When a server needs your log-in, your client gets a link to a page here.',
);
const PAGES: readonly string[] = ['', '/login', '/callback', '/client.json'];
const UNPROVEN = messagePage(
  'You cannot log in here',
  'This server does not know passwords, so it cannot find out who you are. Ask its operator.',
);

const cookieOf = (state: string): string => `mcp_login_${hash('sha256', state, 'hex').slice(0, 16)}`;

/** The value of a cookie; undefined: there is none. */
function readCookie({ headers }: IncomingMessage, name: string): string | undefined {
  const found = (headers.cookie ?? '').split(/; */).find((one) => one.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Creates the handler of everything below `/mounts`. */
export function createMountLogins({ logins, auth, addressOf, publicUrl }: MountLoginsOptions): Handler {
  const { origin = '', prefix = '' } = publicUrl === undefined ? {} : parsePublicUrl(publicUrl);
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  const root = prefix + PATHS.mounts.path;
  const throttle = createThrottle(PER_ADDRESS);

  /** Whether the request comes from the ticket's user; otherwise what is wrong. */
  async function problemOf(
    req: IncomingMessage,
    { subject, partition }: MountLogin,
    password: string,
  ): Promise<Problem | undefined> {
    if (auth.loopbackOnly === true) {
      const known = await auth.authenticate(req);
      if ('status' in known) return known;
      return known.subject === subject ? undefined : { status: 403, message: 'This link is for another user.' };
    }
    const proven = await auth.prove?.(subject, password, addressOf(req));
    if (proven === undefined) return { status: 403, message: 'This server does not know passwords.' };
    if ('status' in proven) return proven;
    if (proven.subject !== subject) return { status: 403, message: 'This link is for another user.' };
    const isGranted = hasRole(proven.roles) && hasAccess(proven, partition);
    return isGranted ? undefined : { status: 403, message: `You have no access to the partition ${partition}.` };
  }

  async function start(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const ticket = new URL(req.url ?? '/', 'http://localhost').searchParams.get('ticket') ?? '';
    const login = await logins.open(ticket);
    if (login === undefined) return sendPage(res, 400, EXPIRED);
    const withPassword = auth.loopbackOnly !== true;
    if (withPassword && auth.prove === undefined) return sendPage(res, 403, UNPROVEN);
    const action = `${root}/login?ticket=${encodeURIComponent(ticket)}`;
    if (req.method === 'GET') {
      // Without users, the guard of local requests decides who may see it.
      const known = withPassword ? undefined : await auth.authenticate(req);
      if (known !== undefined && 'status' in known) return sendProblem(res, known);
      return sendPage(res, 200, startPage(login, action, withPassword));
    }
    if (isCrossSite(req)) return sendPage(res, 403, ANY_SITE);
    const form = await formOf(req, res);
    if (form === undefined) return;
    const problem = await problemOf(req, login, form.get('password') ?? '');
    if (problem !== undefined) {
      const page = startPage(login, action, withPassword, problem.message ?? 'Try again.');
      return sendPage(res, problem.status, page, problem.headers);
    }
    const { url, state, browser } = await logins.begin(ticket);
    const cookie = `${cookieOf(state)}=${browser}; Path=${root}; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax${secure}`;
    // The browser goes on by this header: the policy for forms would have to name each page of the other server.
    sendPage(res, 200, leavingPage(url), { 'set-cookie': cookie, refresh: `0; url=${url}` });
  }

  async function end(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const login = await logins.finish(searchParams, (state) => readCookie(req, cookieOf(state)));
    const cookie = `${cookieOf(searchParams.get('state') ?? '')}=; Path=${root}; Max-Age=0; HttpOnly; SameSite=Lax${secure}`;
    sendPage(res, 200, donePage(login), { 'set-cookie': cookie });
  }

  async function document(res: ServerResponse): Promise<void> {
    const text = await logins.clientDocument();
    if (text === undefined) sendProblem(res, { status: 404, message: 'This server has no public https URL.' });
    else sendJson(res, 200, JSON.stringify(text), ['cache-control', 'public, max-age=300']);
  }

  return async (req, res) => {
    const path = pathOfUrl(req.url).slice(PATHS.mounts.path.length);
    const methods = path === '/login' ? ['GET', 'POST'] : ['GET'];
    if (!PAGES.includes(path)) return sendProblem(res, { status: 404, message: 'Nothing is served at this path.' });
    if (!methods.includes(req.method ?? ''))
      return sendProblem(res, { status: 405, message: `Use ${methods[0]}.`, headers: { allow: methods.join(', ') } });
    const wait = throttle.take(networkOf(addressOf(req)));
    if (wait > 0)
      return sendProblem(res, {
        status: 429,
        message: 'Too many requests; retry later.',
        headers: { 'retry-after': String(wait) },
      });
    if (path === '/client.json') return document(res);
    if (path === '') return sendPage(res, 200, ABOUT);
    try {
      await (path === '/login' ? start(req, res) : end(req, res));
    } catch (error) {
      // An error of the store is not for people outside.
      if (error instanceof DaemonError) throw error;
      sendPage(res, 400, failedPage(messageOf(error)));
    }
  };
}
