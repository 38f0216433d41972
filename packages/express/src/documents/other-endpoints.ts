/** The endpoints beside MCP: live events, logging in, probes, documents. */
import { json, refusals } from './answers.js';
import type { Answer, Endpoint } from './endpoint.js';
import { partitioned } from './mcp-endpoints.js';
import { ref } from './schemas.js';

const text = (description: string, type: string): Answer => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

function events(path: string, suffix: string): Endpoint[] {
  const common = { tag: 'Live events', secured: true } as const;
  return [
    {
      ...common,
      ...{ method: 'get', path, id: `getEvents${suffix}`, summary: 'Watch what happens, live' },
      description:
        'Calls that begin and end, and changes of the catalog, each with an `id`. This stream does not end, so look at it with ' +
        '`curl -N` or an `EventSource`.',
      parameters: [
        ...partitioned(path),
        { name: 'ticket', in: 'query', description: 'In place of a token, for `EventSource`.', schema: { type: 'string' } },
        {
          ...{ name: 'lastEventId', in: 'query', schema: { type: 'string' } },
          description: 'The last event that was read, where the header `Last-Event-ID` cannot be sent.',
        },
        { name: 'Last-Event-ID', in: 'header', description: 'The last event that was read.', schema: { type: 'string' } },
      ],
      answers: {
        200: { description: 'The stream.', content: { 'text/event-stream': { schema: ref('EventStream') } } },
        ...refusals('Problem', 400, 403, 405, 406, 429, 500, 503),
        401: json('There is no good token; or the ticket is unknown, spent, or too old.', 'Problem'),
      },
    },
    {
      ...common,
      ...{ method: 'post', path: `${path}/ticket`, id: `createTicket${suffix}`, summary: 'Get a ticket for an EventSource' },
      description: 'It opens one stream, in this partition, within seconds: what cannot send a header puts it into the URL.',
      parameters: partitioned(path),
      answers: { 200: json('The ticket.', 'Ticket'), ...refusals('Problem', 400, 401, 403, 405, 429, 500) },
    },
  ];
}

const page = (path: string, id: string, summary: string): Endpoint => ({
  ...{ method: 'get', path, id, tag: 'Operation', summary, secured: false, feature: 'pages' },
  answers: { 200: text('The page.', 'text/html'), 304: { description: 'It has not changed.' } },
});

/** The endpoints beside MCP. */
export const OTHER_ENDPOINTS: readonly Endpoint[] = [
  ...events('/events', ''),
  ...events('/{partition}/events', 'OfPartition'),
  {
    ...{ method: 'post', path: '/auth/login', id: 'login', tag: 'Authentication', secured: false, feature: 'login' },
    summary: 'Log in',
    body: { 'application/json': { schema: ref('Login') } },
    answers: {
      200: json('A token.', 'Token'),
      ...refusals('Problem', 400, 405, 413, 415, 429, 500, 503),
      401: json('The username or the password is wrong.', 'Problem'),
      403: json('The user has to do something before: set another password, or give a second factor.', 'Problem'),
    },
  },
  {
    ...{ method: 'post', path: '/auth/token', id: 'token', tag: 'Authentication', secured: false, feature: 'login' },
    summary: 'Log in with a form of OAuth 2',
    body: { 'application/x-www-form-urlencoded': { schema: ref('TokenForm') } },
    answers: {
      200: json('A token.', 'Token'),
      ...refusals('Problem', 405, 413, 415, 429, 500, 503),
      400: json('The form is no good, or the username or the password is wrong (`invalid_grant`).', 'Problem'),
      403: json('The user has to do something before: set another password, or give a second factor.', 'Problem'),
    },
  },
  {
    ...{ method: 'get', path: '/me', id: 'me', tag: 'Authentication', secured: true, feature: 'me' },
    summary: 'Who calls',
    answers: { 200: json('Whose token it is.', 'Me'), ...refusals('Problem', 401, 403, 405, 429, 500, 503) },
  },
  {
    ...{ method: 'get', path: '/.well-known/oauth-protected-resource', id: 'protectedResource', tag: 'Authentication' },
    ...{ secured: false, feature: 'metadata' },
    summary: 'How to get a token',
    description: 'The metadata of RFC 9728. For `/alpha/mcp` it is at this path with `/alpha/mcp` behind it.',
    answers: { 200: json('The metadata.', 'ProtectedResource'), ...refusals('Problem', 405) },
  },
  {
    ...{ method: 'get', path: '/health', id: 'health', tag: 'Operation', secured: false, feature: 'probes' },
    summary: 'Whether the process lives',
    answers: { 200: json('It does.', 'Status'), ...refusals('Problem', 405) },
  },
  {
    ...{ method: 'get', path: '/ready', id: 'ready', tag: 'Operation', secured: false, feature: 'probes' },
    summary: 'Whether it can serve',
    answers: {
      200: json('It can.', 'Status'),
      ...refusals('Problem', 405),
      503: json('It cannot: its store is out of reach, or it is shutting down.', 'Status'),
    },
  },
  {
    ...{ method: 'get', path: '/metrics', id: 'metrics', tag: 'Operation', secured: true, feature: 'metrics' },
    summary: 'Metrics for Prometheus',
    description: 'For the role `admin`.',
    answers: { 200: text('The metrics.', 'text/plain'), ...refusals('Problem', 401, 403, 405, 429) },
  },
  {
    ...{ method: 'get', path: '/openapi.json', id: 'openapi', tag: 'Operation', secured: false, summary: 'This document' },
    answers: {
      200: { description: 'It.', content: { 'application/json': { schema: { type: 'object' } } } },
      304: { description: 'It has not changed.' },
    },
  },
  page('/docs', 'docs', 'This document, to be tried out'),
  page('/redoc', 'redoc', 'This document, to be read'),
];
