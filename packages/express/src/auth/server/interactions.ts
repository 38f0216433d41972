/** Logging in, and allowing a client: the two pages between `/oauth/authorize` and the client's redirect. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Client, Interaction, Provider, Session } from 'oidc-provider';

import { hasAccess } from '../identity.js';
import type { Resource } from '../resource.js';
import { findResource } from '../resource.js';
import type { Accounts } from './accounts.js';
import { accountIdOf, findAccount, usernameOf } from './accounts.js';
import { keepClient } from './adapter.js';
import type { Entries } from './entries.js';
import type { ClientGrants, GrantInfo } from './grants.js';
import { ENDPOINTS, MCP_SCOPE } from './metadata.js';
import type { Page } from './pages.js';
import { consentPage, loginPage, messagePage } from './pages.js';
import { TTL } from './provider.js';
import { plainName } from './registration.js';
import { formOf, isCrossSite, redirect, sendPage } from './request.js';

/** What {@link createInteractions} takes. */
export interface InteractionsOptions {
  accounts: Accounts;
  grants: ClientGrants;
  entries: Entries;
  addressOf: (req: IncomingMessage) => string;
}

/** One request to a page, and the log-in that it belongs to. */
interface Step {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly provider: Provider;
  readonly base: string;
  readonly details: Interaction;
  readonly client: Client;
  /** The path of the page. */
  readonly action: string;
}

/** Serves one request to a page. @param uid the last part of its path */
export type ServeInteraction = (
  req: IncomingMessage,
  res: ServerResponse,
  where: { provider: Provider; base: string; uid: string },
) => Promise<void>;

const EXPIRED =
  'It has expired, was finished already, or was begun in another browser; or you have logged out, or logged in as another user, since ' +
  'then. Connect your client again.';
const UNKNOWN = messagePage('This log-in is not known', EXPIRED);
const CROSS_SITE = messagePage('This form comes from another site', 'Connect your client again.');
const DENIED = { error: 'access_denied', error_description: 'The user has not allowed it.' };

const redirectOf = ({ details }: Step): string => String(details.params['redirect_uri']);
const nameOf = ({ clientId, clientName }: Client): string => plainName(clientName) ?? plainName(clientId) ?? 'A client';

/** The host that vouches for what a client says about itself; undefined: nobody does. */
const hostOf = ({ clientId }: Client): string | undefined =>
  URL.canParse(clientId) && clientId.startsWith('https:') ? new URL(clientId).host : undefined;

/** The log-in of this browser as it is now: it may have changed since the page was opened. */
const sessionOf = ({ provider, req, res }: Step): Promise<Session> => provider.Session.get(provider.createContext(req, res));

/** What the client asks for: the resources as it has written them, and what they are. */
function askedFor({ details, base }: Step): { indicators: string[]; resources: Resource[]; scopes: string[] } {
  const { resource, scope } = details.params;
  const indicators = [resource].flat().filter((one): one is string => typeof one === 'string');
  const resources = indicators.map((one) => findResource(base, one)).filter((one) => one !== undefined);
  return { indicators, resources, scopes: String(scope ?? '').split(' ') };
}

/** Creates the pages. */
export function createInteractions({ accounts, grants, entries, addressOf }: InteractionsOptions): ServeInteraction {
  const formOfLogin = ({ action, client, ...step }: Step, more: { username?: string; problem?: string } = {}): Page =>
    loginPage({ action, client: nameOf(client), redirect: redirectOf({ action, client, ...step }), ...more });

  const finish = (
    { provider, req, res }: Step,
    result: Parameters<Provider['interactionFinished']>[2],
    merge: boolean,
  ): Promise<void> => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: merge });

  async function logIn(step: Step, form: URLSearchParams): Promise<void> {
    const { req, res, details } = step;
    if (form.has('cancel')) return finish(step, DENIED, false);
    const username = form.get('username') ?? '';
    const refusal = await accounts.check(username, form.get('password') ?? '', addressOf(req));
    if (refusal !== undefined)
      return sendPage(
        res,
        refusal.status,
        formOfLogin(step, { username, problem: refusal.message ?? 'Try again.' }),
        refusal.headers,
      );
    const account = accounts.find(username);
    if (account === undefined) return sendPage(res, 401, formOfLogin(step, { username, problem: 'Try again.' }));
    const accountId = accountIdOf(username, account);
    const before = await sessionOf(step);
    if (details.session !== undefined || (before.accountId !== undefined && before.accountId !== accountId)) {
      // Another user is logged in, perhaps since a moment ago, in another tab. The library would log them out on a page with a script.
      if (before.accountId !== undefined) await before.destroy();
      details.session = undefined;
      await details.persist();
    }
    await finish(step, { login: { accountId, remember: false } }, false);
  }

  /** The scopes that a client asks for, and the user has. */
  function grantable(username: string, scopes: readonly string[]): string[] {
    const held = accounts.find(username)?.scopes;
    return scopes.filter((scope) => scope === MCP_SCOPE || held?.has(scope) !== false);
  }

  /** The user who is asked; undefined: they have been removed, or have another password since they logged in. */
  const userOf = ({ details }: Step): { username: string; accountId: string } | undefined => {
    const accountId = details.session?.accountId;
    if (accountId === undefined || findAccount(accounts, accountId) === undefined) return undefined;
    return { accountId, username: usernameOf(accountId) };
  };

  const mayUse = (username: string, resources: readonly Resource[]): boolean => {
    const granted = accounts.find(username)?.grants;
    // A grant of a part is enough: requests name the part in a header.
    return (
      granted !== undefined &&
      resources.some(
        ({ partition }) => hasAccess(granted, partition) || granted.partitions.some((one) => one.startsWith(`${partition}#`)),
      )
    );
  };

  function consentOf(step: Step, username: string): Page {
    const { action, client } = step;
    const { resources, scopes } = askedFor(step);
    return consentPage({
      ...{ action, username, scopes: grantable(username, scopes) },
      client: { name: nameOf(client), host: hostOf(client) },
      redirect: redirectOf(step),
      partitions: resources.map(({ partition }) => partition),
      refused: !mayUse(username, resources),
    });
  }

  async function allow(step: Step, { username, accountId }: { username: string; accountId: string }): Promise<void> {
    const { provider, client } = step;
    const { clientId } = client;
    const { indicators, resources, scopes: wanted } = askedFor(step);
    const scopes = grantable(username, wanted);
    const lacking = wanted.filter((scope) => !scopes.includes(scope));
    const grant = new provider.Grant({ accountId, clientId });
    for (const indicator of indicators) {
      grant.addResourceScope(indicator, scopes.join(' '));
      if (lacking.length > 0) grant.rejectResourceScope(indicator, lacking.join(' ')); // otherwise the library asks for them again
    }
    const grantId = await grant.save();
    const clientName = plainName(client.clientName);
    const now = Date.now();
    const info: GrantInfo = {
      ...{ id: grants.idOf(grantId), clientId, scopes },
      ...(clientName === undefined ? {} : { clientName }),
      resources: resources.map(({ url }) => url),
      created: new Date(now).toISOString(),
      expires: new Date(now + TTL.grant * 1_000).toISOString(),
    };
    await grants.add(username, info);
    await keepClient(entries, clientId, TTL.grant);
    await finish(step, { consent: { grantId } }, true);
  }

  /** Begins again, with the page to log in. */
  function logInAsAnother({ res, details, base }: Step): void {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(details.params))
      for (const one of [value].flat()) if (typeof one === 'string') query.append(name, one);
    query.set('prompt', 'login');
    redirect(res, `${base}${ENDPOINTS.authorize}?${query.toString()}`);
  }

  async function answer(step: Step): Promise<void> {
    const { req, res, details } = step;
    const isLogin = details.prompt.name === 'login';
    const user = userOf(step);
    if (req.method === 'GET') {
      if (isLogin)
        return sendPage(res, 200, formOfLogin(step, { username: String(details.params['login_hint'] ?? '').slice(0, 256) }));
      return user === undefined ? sendPage(res, 400, UNKNOWN) : sendPage(res, 200, consentOf(step, user.username));
    }
    if (isCrossSite(req)) return sendPage(res, 403, CROSS_SITE);
    const form = await formOf(req, res);
    if (form === undefined) return;
    if (isLogin) return logIn(step, form);
    if (user === undefined) return sendPage(res, 400, UNKNOWN);
    const chosen = form.get('answer');
    if (chosen === 'other') return logInAsAnother(step);
    if (chosen !== 'allow') return finish(step, DENIED, false);
    if (!mayUse(user.username, askedFor(step).resources)) return sendPage(res, 403, consentOf(step, user.username));
    return allow(step, user);
  }

  return async (req, res, { provider, base, uid }) => {
    await accounts.refresh();
    const details = await provider.interactionDetails(req, res).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'SessionNotFound') return undefined;
      throw error;
    });
    const client = details === undefined ? undefined : await provider.Client.find(String(details.params['client_id']));
    if (details?.uid !== uid || client === undefined) return sendPage(res, 400, UNKNOWN);
    const action = `${new URL(base).pathname.replace(/\/$/, '')}${ENDPOINTS.login}/${uid}`;
    return answer({ req, res, provider, base, details, client, action });
  };
}
