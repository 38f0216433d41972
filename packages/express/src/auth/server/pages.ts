/** The pages of the authorization server: plain HTML without scripts, for keyboards, screen readers, and light and dark screens. */
import { hash } from 'node:crypto';

import type { GrantInfo } from './grants.js';
import type { Html } from './html.js';
import { Html as Raw, html } from './html.js';
import { MCP_SCOPE } from './metadata.js';

/** A page: its headers and its text. */
export interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const STYLE = `:root{color-scheme:light dark;--line:light-dark(#8a8f98,#6b7280);--accent:light-dark(#1d4ed8,#93b4ff)}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem;color:light-dark(#17191c,#eceef1);background:light-dark(#fff,#17191c)}
main{max-width:30rem;margin:2rem auto}
h1{font-size:1.4rem;line-height:1.25;overflow-wrap:anywhere}
dl{margin:1rem 0;border-top:1px solid var(--line)}
dl div{border-bottom:1px solid var(--line);padding:.5rem 0}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin-top:1rem}
input{font:inherit;box-sizing:border-box;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.25rem;background:transparent;color:inherit}
button{font:inherit;margin:1rem .5rem 0 0;padding:.5rem 1.25rem;border:1px solid var(--accent);border-radius:.25rem;background:transparent;color:var(--accent);cursor:pointer}
button.first{background:var(--accent);color:light-dark(#fff,#17191c)}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.problem{border:2px solid light-dark(#b42318,#ff9b90);border-radius:.25rem;padding:.5rem .75rem}
ul{padding-left:1.25rem}`;

const STYLE_HASH = hash('sha256', STYLE, 'base64');

/** What the policy of a page allows a form to lead to: browsers check each redirect after it as well. */
function formTargets(redirect: string | undefined): string {
  const url = redirect !== undefined && URL.canParse(redirect) ? new URL(redirect) : undefined;
  if (url === undefined) return `'self'`;
  // A policy cannot name an IPv6 address.
  const isPlain = /^https?:$/.test(url.protocol) && !url.hostname.startsWith('[');
  return `'self' ${isPlain ? url.origin : url.protocol}`;
}

/**
 * A page.
 *
 * @param redirect where the client wants the browser to be sent in the end
 */
export function pageOf(title: string, content: Html, redirect?: string): Page {
  const policy = [
    `default-src 'none'`,
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action ${formTargets(redirect)}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ];
  return {
    headers: {
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    },
    text: html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title}</title>
          ${new Raw(`<style>${STYLE}</style>`)}
        </head>
        <body>
          <main>
            <h1>${title}</h1>
            ${content}
          </main>
        </body>
      </html>`.text,
  };
}

/** A page with one sentence. */
export const messagePage = (title: string, message: string): Page => pageOf(title, html`<p role="alert">${message}</p>`);

/** What was wrong, above a form; undefined: nothing. */
export const problemOf = (problem: string | undefined): Html | undefined =>
  problem === undefined ? undefined : html`<p class="problem" role="alert" id="problem">${problem}</p>`;

/** What a form for a username and a password shows. */
export interface LoginPage {
  /** Where the form is sent. */
  action: string;
  /** Who asks: the name of a client; undefined: nobody, the user looks at their grants. */
  client?: string | undefined;
  redirect?: string | undefined;
  username?: string | undefined;
  /** What was wrong with the last attempt. */
  problem?: string | undefined;
}

/** The page that asks for a username and a password. */
export function loginPage({ action, client, redirect, username = '', problem }: LoginPage): Page {
  const described = problem === undefined ? '' : new Raw(' aria-describedby="problem" aria-invalid="true"').text;
  return pageOf(
    problem === undefined ? 'Log in' : 'Log in: that did not work',
    html`${client === undefined ? undefined : html`<p>${client} wants to use this MCP server in your name.</p>`}
      ${problemOf(problem)}
      <form method="post" action="${action}">
        <label for="username">Username</label>
        <input
          id="username"
          name="username"
          value="${username}"
          autocomplete="username"
          autocapitalize="none"
          required
          maxlength="256"
          ${new Raw(described)}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxlength="1024"
          ${new Raw(described)}
        />
        <button class="first" type="submit">Log in</button>
        ${client === undefined ? undefined : html`<button type="submit" name="cancel" value="1" formnovalidate>Cancel</button>`}
      </form>`,
    redirect,
  );
}

/** What a client asks a user to allow. */
export interface ConsentPage {
  action: string;
  username: string;
  /** The name of the client, and for one with a document at its id, the host of that. */
  client: { readonly name: string; readonly host?: string | undefined };
  redirect: string;
  partitions: readonly string[];
  scopes: readonly string[];
  /** Of these the user may not use any. */
  refused: boolean;
}

/** What the browser is sent to: a program of this computer, or a web site. */
function placeOf(redirect: string): string {
  const { protocol, hostname, host } = new URL(redirect);
  if (protocol === 'https:') return `the web site ${host}`;
  if (protocol === 'http:') return `a program on this computer (${hostname})`;
  return `the program on this computer that opens ${protocol} links`;
}

const scopeText = (scope: string): Html =>
  scope === MCP_SCOPE ? html`<li>list, read and call what you may</li>` : html`<li><code>${scope}</code></li>`;

/** The page that asks whether a client may act for a user. */
export function consentPage({ action, username, client, redirect, partitions, scopes, refused }: ConsentPage): Page {
  const known =
    client.host === undefined ? 'This name is not verified: any program can take it.' : `${client.host} vouches for this name.`;
  return pageOf(
    `Allow ${client.name}?`,
    html`<p>It wants to use this MCP server in your name, ${username}.</p>
      <dl>
        <div>
          <dt>Client</dt>
          <dd>${client.name}<br />${known}</dd>
        </div>
        <div>
          <dt>You are sent back to</dt>
          <dd>${placeOf(redirect)}</dd>
        </div>
        <div>
          <dt>${partitions.length === 1 ? 'Partition' : 'Partitions'}</dt>
          <dd>${partitions.join(', ')}</dd>
        </div>
        <div>
          <dt>It may</dt>
          <dd>
            <ul>
              ${scopes.map(scopeText)}
            </ul>
          </dd>
        </div>
      </dl>
      ${refused ? problemOf(`${username} has no access to ${partitions.join(', ')}.`) : undefined}
      <p>Allow it only if you have just started to connect this client. You can withdraw it at any time.</p>
      <form method="post" action="${action}">
        ${refused ? undefined : html`<button class="first" type="submit" name="answer" value="allow">Allow</button>`}
        <button type="submit" name="answer" value="deny">Deny</button>
        <button type="submit" name="answer" value="other">Log in as another user</button>
      </form>`,
    redirect,
  );
}

const grantOf = (grant: GrantInfo, token: string): Html =>
  html`<div>
    <dt>${grant.clientName ?? grant.clientId}</dt>
    <dd>
      ${grant.resources.join(', ')}<br />
      allowed on ${grant.created.slice(0, 10)}, until ${grant.expires.slice(0, 10)}; scopes: ${grant.scopes.join(' ')}
      <form method="post" action="">
        <input type="hidden" name="token" value="${token}" />
        <button
          type="submit"
          name="withdraw"
          value="${grant.id}"
          aria-label="Withdraw: ${grant.clientName ?? grant.clientId}, ${grant.created}"
        >
          Withdraw
        </button>
      </form>
    </dd>
  </div>`;

/**
 * The page with what a user has allowed.
 *
 * @param token proves that a form comes from this page
 */
export const grantsPage = (username: string, grants: readonly GrantInfo[], token: string): Page =>
  pageOf(
    'Clients that may act for you',
    html`<p>You are logged in as ${username}. A client that you withdraw is refused within five seconds.</p>
      ${grants.length === 0 ? html`<p>There are none.</p>` : html`<dl>${grants.map((grant) => grantOf(grant, token))}</dl>`}
      <form method="post" action="">
        <input type="hidden" name="token" value="${token}" />
        <button type="submit" name="logout" value="1">Log out</button>
      </form>`,
  );
