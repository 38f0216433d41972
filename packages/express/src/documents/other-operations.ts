/** The operations besides MCP: live events, authentication, probes, metrics and the pages of the API. */
import type { PathName } from '../paths.js';
import { json, refusals } from './answers.js';
import type { Answer, Operation } from './operation.js';
import { ref } from './schemas.js';
import { CARD_TYPE, CATALOG_TYPE } from './server-card.js';

const text = (description: string, type: string): Answer => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

const NOT_MODIFIED: Answer = { description: 'The client has the current version already.' };

const page = (id: string, summary: string): Operation => ({
  ...{ method: 'get', id, tag: 'Operation', summary, secured: false, feature: 'pages' },
  answers: { 200: text('The page.', 'text/html'), 304: NOT_MODIFIED },
});

const catalog = (id: string, summary: string): Operation => ({
  ...{ method: 'get', id, tag: 'Operation', summary, secured: false, feature: 'cards' },
  answers: { 200: text('The catalog.', CATALOG_TYPE), 304: NOT_MODIFIED, ...refusals('Problem', 405) },
});

const events = { tag: 'Live events', secured: true } as const;
const login = { method: 'post', tag: 'Authentication', secured: false, feature: 'login' } as const;

const ACTION_NEEDED = 'The user has to do something first: set a new password, or enter a second factor.';

/** The operations besides MCP, by their row in the table of paths. */
export const OTHER_OPERATIONS = {
  events: [
    {
      ...{ ...events, method: 'get', id: 'getEvents', summary: 'Watch live events' },
      description:
        'Calls that begin and end, and changes of the catalog, each with an `id`. This stream does not end: read it with ' +
        '`curl -N` or an `EventSource`.',
      parameters: [
        { name: 'ticket', in: 'query', description: 'Replaces the token, for `EventSource`.', schema: { type: 'string' } },
        {
          ...{ name: 'lastEventId', in: 'query', schema: { type: 'string' } },
          description: 'The id of the last event that was read, for clients that cannot send the header `Last-Event-ID`.',
        },
        {
          ...{ name: 'Last-Event-ID', in: 'header', schema: { type: 'string' } },
          description: 'The id of the last event that was read.',
        },
      ],
      answers: {
        200: { description: 'The stream.', content: { 'text/event-stream': { schema: ref('EventStream') } } },
        ...refusals('Problem', 400, 403, 405, 406, 429, 500, 503),
        401: json('There is no valid token; or the ticket is unknown, used, or too old.', 'Problem'),
      },
    },
  ],
  ticket: [
    {
      ...{ ...events, method: 'post', id: 'createTicket', summary: 'Get a ticket for an EventSource' },
      description:
        'A ticket opens one stream of this partition, within seconds. It is for clients that cannot send headers: they put it into ' +
        'the URL.',
      answers: { 200: json('The ticket.', 'Ticket'), ...refusals('Problem', 400, 401, 403, 405, 429, 500) },
    },
  ],
  login: [
    {
      ...{ ...login, id: 'login', summary: 'Log in' },
      body: { 'application/json': { schema: ref('Login') } },
      answers: {
        200: json('A token.', 'Token'),
        ...refusals('Problem', 400, 405, 413, 415, 429, 500, 503),
        401: json('The username or the password is wrong.', 'Problem'),
        403: json(ACTION_NEEDED, 'Problem'),
      },
    },
  ],
  token: [
    {
      ...{ ...login, id: 'token', summary: 'Log in with an OAuth 2 form' },
      body: { 'application/x-www-form-urlencoded': { schema: ref('TokenForm') } },
      answers: {
        200: json('A token.', 'Token'),
        ...refusals('Problem', 405, 413, 415, 429, 500, 503),
        400: json('The form is malformed, or the username or the password is wrong (`invalid_grant`).', 'Problem'),
        403: json(ACTION_NEEDED, 'Problem'),
      },
    },
  ],
  me: [
    {
      ...{ method: 'get', id: 'me', tag: 'Authentication', secured: true, feature: 'me' },
      summary: 'Get the user of the token',
      answers: {
        200: json('The user, their roles and their partitions.', 'Me'),
        ...refusals('Problem', 401, 403, 405, 429, 500, 503),
      },
    },
  ],
  metadata: [
    {
      ...{ method: 'get', id: 'protectedResource', tag: 'Authentication', secured: false, feature: 'metadata' },
      summary: 'Find out where to get a token',
      description: 'The metadata of RFC 9728. The metadata for `/alpha/mcp` is at this path followed by `/alpha/mcp`.',
      answers: { 200: json('The metadata.', 'ProtectedResource'), ...refusals('Problem', 405) },
    },
  ],
  serverCard: [
    {
      ...{ method: 'get', id: 'serverCard', tag: 'Operation', secured: false, feature: 'cards' },
      summary: 'Get the server card: how to connect',
      description: 'Only for the partitions that publish one.',
      answers: { 200: text('The card.', CARD_TYPE), 304: NOT_MODIFIED, ...refusals('Problem', 404, 405) },
    },
  ],
  aiCatalog: [catalog('serverCards', 'List the server cards')],
  mcpCatalog: [catalog('serverCardsOfDrafts', 'List the server cards, at the path of earlier drafts')],
  health: [
    {
      ...{ method: 'get', id: 'health', tag: 'Operation', secured: false, feature: 'probes' },
      summary: 'Check that the process is alive',
      answers: { 200: json('The process is alive.', 'Status'), ...refusals('Problem', 405) },
    },
  ],
  ready: [
    {
      ...{ method: 'get', id: 'ready', tag: 'Operation', secured: false, feature: 'probes' },
      summary: 'Check that the server can take requests',
      answers: {
        200: json('The server is ready.', 'Status'),
        ...refusals('Problem', 405),
        503: json('The server is not ready: its store is unavailable, or it is shutting down.', 'Status'),
      },
    },
  ],
  metrics: [
    {
      ...{ method: 'get', id: 'metrics', tag: 'Operation', secured: true, feature: 'metrics' },
      summary: 'Get metrics for Prometheus',
      description: 'Needs the role `admin`.',
      answers: { 200: text('The metrics.', 'text/plain'), ...refusals('Problem', 401, 403, 405, 429) },
    },
  ],
  openapi: [
    {
      ...{ method: 'get', id: 'openapi', tag: 'Operation', secured: false, summary: 'Get this document' },
      answers: {
        200: { description: 'This OpenAPI document.', content: { 'application/json': { schema: { type: 'object' } } } },
        304: NOT_MODIFIED,
      },
    },
  ],
  docs: [page('docs', 'Try out this API')],
  redoc: [page('redoc', 'Read about this API')],
  console: [{ ...page('console', 'Look after the server in a browser'), feature: 'console' }],
} satisfies Partial<Record<PathName, readonly Operation[]>>;
