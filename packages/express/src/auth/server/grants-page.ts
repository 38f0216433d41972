/** The page on which users see what they have allowed, and withdraw it. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Provider } from 'oidc-provider';

import { digestOf } from '../bearer.js';
import type { Accounts } from './accounts.js';
import { accountIdOf, findAccount, usernameOf } from './accounts.js';
import type { ClientGrants } from './grants.js';
import { ENDPOINTS } from './metadata.js';
import type { LoginPage } from './pages.js';
import { grantsPage, loginPage, messagePage } from './pages.js';
import { sessionCookie, TTL } from './provider.js';
import { formOf, isCrossSite, redirect, sendPage } from './request.js';

/** What {@link createGrantsPage} takes. */
export interface GrantsPageOptions {
  accounts: Accounts;
  grants: ClientGrants;
  /** Makes the tokens against forged forms. */
  key: Buffer;
  addressOf: (req: IncomingMessage) => string;
}

/** Serves the page. */
export type ServeGrants = (
  req: IncomingMessage,
  res: ServerResponse,
  where: { provider: Provider; base: string },
) => Promise<void>;

/** Creates the page. */
export function createGrantsPage({ accounts, grants, key, addressOf }: GrantsPageOptions): ServeGrants {
  const formToken = (uid: string): string => createHmac('sha256', key).update(uid).digest('base64url');

  return async (req, res, { provider, base }) => {
    await accounts.refresh();
    const context = provider.createContext(req, res);
    const session = await provider.Session.get(context);
    const { accountId } = session;
    const user = accountId === undefined || findAccount(accounts, accountId) === undefined ? undefined : usernameOf(accountId);
    const cookie = provider.cookieName('session');
    const options = sessionCookie(base);
    const askToLogIn = (status: number, more: Partial<LoginPage> = {}, headers: Record<string, string> = {}): void =>
      sendPage(res, status, loginPage({ action: '', ...more }), headers);

    async function logIn(form: URLSearchParams): Promise<void> {
      const username = form.get('username') ?? '';
      const refusal = await accounts.check(username, form.get('password') ?? '', addressOf(req));
      const account = accounts.find(username);
      if (refusal !== undefined || account === undefined)
        return askToLogIn(refusal?.status ?? 401, { username, problem: refusal?.message ?? 'Try again.' }, refusal?.headers);
      session.resetIdentifier(); // an id that somebody has planted is worth nothing
      session.loginAccount({ accountId: accountIdOf(username, account), transient: true });
      await session.save(TTL.session);
      context.cookies.set(cookie, session.jti, options);
      redirect(res, base + ENDPOINTS.grants);
    }

    async function change(form: URLSearchParams, username: string): Promise<void> {
      const given = digestOf(form.get('token') ?? '');
      if (!timingSafeEqual(given, digestOf(formToken(session.uid))))
        return sendPage(res, 403, messagePage('This form is not from this page', 'Open the page again.'));
      const id = form.get('withdraw');
      if (id !== null) await grants.withdraw(username, id);
      else if (form.has('logout')) {
        await session.destroy();
        context.cookies.set(cookie, null, options);
      }
      redirect(res, base + ENDPOINTS.grants);
    }

    if (req.method === 'GET') {
      if (user === undefined) askToLogIn(200);
      else sendPage(res, 200, grantsPage(user, await grants.list(user), formToken(session.uid)));
      return;
    }
    if (isCrossSite(req)) return sendPage(res, 403, messagePage('This form comes from another site', 'Open the page again.'));
    const form = await formOf(req, res);
    if (form === undefined) return;
    return user === undefined ? logIn(form) : change(form, user);
  };
}
