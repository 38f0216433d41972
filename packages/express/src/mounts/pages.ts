/** The pages on which users log in at mounted servers. */
import { html } from '../auth/server/html.js';
import type { Page } from '../auth/server/pages.js';
import { messagePage, pageOf, problemOf } from '../auth/server/pages.js';
import type { MountLogin } from './mount-logins.js';

/** The page of a link that cannot be used. */
export const EXPIRED = messagePage('This link has expired', 'Call the tool again: your client gets a new link.');

/** The page of a log-in that could not be begun or ended. */
export const failedPage = (why: string): Page =>
  messagePage('That did not work', `${why.slice(0, 500)}. Call the tool again: your client gets a new link.`);

/**
 * The page of a link: who it is for, and where it leads.
 *
 * @param action where the form is sent
 * @param withPassword whether the user has to prove who they are
 * @param problem what was wrong with the last attempt
 */
export function startPage({ server, host, subject }: MountLogin, action: string, withPassword: boolean, problem?: string): Page {
  const password = html`<label for="password">Your password here</label>
    <input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024" />`;
  return pageOf(
    problem === undefined ? `Log in at ${server}` : 'Log in: that did not work',
    html`<p>
        A client of ${subject} wants to use "${server}". It will act there with the account that you log in with on the next page.
      </p>
      <dl>
        <div>
          <dt>For the user</dt>
          <dd>${subject}</dd>
        </div>
        <div>
          <dt>At</dt>
          <dd>${host}</dd>
        </div>
      </dl>
      <p>Go on only if you are ${subject}, and have just called it. If someone else has sent you this link, close this page.</p>
      ${problemOf(problem)}
      <form method="post" action="${action}">
        ${withPassword ? html`<input type="hidden" name="username" autocomplete="username" value="${subject}" />` : undefined}
        ${withPassword ? password : undefined}
        <button class="first" type="submit">Go on to ${host}</button>
      </form>`,
  );
}

/** The page between ours and the other server's: a policy for forms cannot name all pages that follow. */
export const leavingPage = (url: string): Page =>
  pageOf(`Going on to ${new URL(url).host}`, html`<p><a href="${url}" rel="noreferrer">Go on, if your browser does not</a></p>`);

/** The page at the end. */
export const donePage = ({ server, subject }: MountLogin): Page =>
  messagePage(
    `Logged in at ${server}`,
    `Clients of ${subject} can use it now. You can close this page, and go back to your client.`,
  );
