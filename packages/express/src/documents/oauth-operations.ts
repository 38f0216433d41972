/** The operations by which MCP clients log in by themselves. */
import type { PathName } from '../paths.js';
import { json, refusals } from './answers.js';
import type { Answer, Operation } from './operation.js';

const PAGE: Answer = { description: 'The page.', content: { 'text/html': { schema: { type: 'string' } } } };

const metadata = (id: string, summary: string): Operation => ({
  ...{ method: 'get', id, tag: 'Authentication', secured: false, feature: 'metadata', summary },
  description: 'The metadata of RFC 8414: the endpoints of the authorization server, and what they support.',
  answers: { 200: json('The metadata.', 'AuthorizationServer'), ...refusals('Problem', 404, 405) },
});

/** The operations of OAuth, by their row in the table of paths. */
export const OAUTH_OPERATIONS = {
  authorizationServer: [metadata('authorizationServer', 'Find out how to log in with OAuth')],
  openidConfiguration: [metadata('openidConfiguration', 'Find out how to log in, for clients that look for OpenID')],
  oauth: [
    {
      ...{ method: 'get', id: 'oauth', tag: 'Authentication', secured: false, feature: 'oauth' },
      summary: 'See which clients may act for you',
      description:
        'Leads to the page `/oauth/grants`. The endpoints of OAuth are below this path: `authorize`, `token`, `register`, `revoke` and ' +
        '`jwks`. Clients find them through the metadata.',
      answers: { 200: PAGE, 303: { description: 'The page is at `/oauth/grants`.' }, ...refusals('Problem', 404, 405, 429) },
    },
  ],
  mounts: [
    {
      ...{ method: 'get', id: 'mountLogin', tag: 'Authentication', secured: false, feature: 'mounts' },
      summary: 'Log in at a mounted server',
      description:
        'The pages are below this path: `/mounts/login?ticket=…`, which a client shows to its user when a mounted server needs a log-in of ' +
        'that user, and `/mounts/callback`. `/mounts/client.json` is the client metadata document of this server.',
      answers: { 200: PAGE, ...refusals('Problem', 404, 405, 429) },
    },
  ],
} satisfies Partial<Record<PathName, readonly Operation[]>>;
