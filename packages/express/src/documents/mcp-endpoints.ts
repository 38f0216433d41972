/** The endpoints of MCP: Streamable HTTP, and HTTP+SSE for clients that know no other. */
import { META, MODERN_VERSIONS } from '@mcp-daemon/core';

import { refusals } from './answers.js';
import type { Content, Endpoint, Parameter } from './endpoint.js';
import { ref } from './schemas.js';

const NAME = '^(?=[_-]*[A-Za-z0-9])[A-Za-z0-9_-]{1,128}$';

/** The header that names a part of a partition. */
export const PART_ID: Parameter = {
  name: 'Part-ID',
  in: 'header',
  description: 'A part of the partition: `one` makes `alpha` to `alpha#one`, which has to be granted by itself.',
  schema: { type: 'string', pattern: NAME },
};

/** The segment of a path that names a partition. */
export const PARTITION: Parameter = {
  name: 'partition',
  in: 'path',
  required: true,
  description: 'The partition, which has to be granted to who calls.',
  schema: { type: 'string', pattern: NAME, default: 'default' },
};

/** The parameters of a path that may begin with a partition. */
export const partitioned = (path: string): Parameter[] => (path.startsWith('/{partition}') ? [PARTITION, PART_ID] : [PART_ID]);

const [VERSION] = MODERN_VERSIONS;

const header = (name: string, description: string, example?: string): Parameter => ({
  ...{ name, in: 'header', description, schema: { type: 'string' } },
  ...(example === undefined ? {} : { example }),
});

const PROTOCOL_VERSION = header(
  'MCP-Protocol-Version',
  'The version of the protocol; as in `_meta`, or that of the session.',
  VERSION,
);
const SESSION_ID = header('Mcp-Session-Id', 'The session that `initialize` has begun. Requests with `_meta` have none.');
const POST_HEADERS = [
  PROTOCOL_VERSION,
  header('Mcp-Method', 'The method in the body. Needed where the body has `_meta`.', 'tools/call'),
  header('Mcp-Name', 'The name or URI in the body. Needed where the body has `_meta` and one of these.', 'hello'),
  SESSION_ID,
];
const LAST_EVENT_ID = header('Last-Event-ID', 'The last event that was read: what was missed comes first.');

const META_OF_REQUEST = {
  [META.protocolVersion]: VERSION,
  [META.clientInfo]: { name: 'docs', version: '1' },
  [META.clientCapabilities]: {},
};

const request = (method: string, params: object, id = 1): object => ({ jsonrpc: '2.0', id, method, params });

/** Messages of those who have a session. */
const SESSION_EXAMPLES = {
  initialize: {
    summary: 'Begin a session (2025-11-25): its Mcp-Session-Id comes back in a header',
    value: request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'docs', version: '1' } }),
  },
  listInSession: { summary: 'List the tools, in a session', value: request('tools/list', {}, 2) },
};

const MESSAGE: Content = {
  schema: ref('Message'),
  examples: {
    call: {
      summary: 'Call a tool (2026-07-28)',
      value: request('tools/call', { name: 'hello', arguments: { name: 'Ada' }, _meta: META_OF_REQUEST }),
    },
    list: { summary: 'List the tools (2026-07-28)', value: request('tools/list', { _meta: META_OF_REQUEST }) },
    ...SESSION_EXAMPLES,
  },
};

const ANSWER: Content = {
  schema: ref('Answer'),
  examples: {
    called: {
      summary: 'What a tool gave',
      value: { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'Hello, Ada!' }], resultType: 'complete' } },
    },
    unknown: {
      summary: 'There is no such tool',
      value: { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool: hallo' } },
    },
  },
};

const EVENTS: Record<string, Content> = { 'text/event-stream': { schema: ref('EventStream') } };

const ALL = [400, 401, 403, 404, 406, 429, 500, 503] as const;

function streamable(path: string, suffix: string): Endpoint[] {
  const common = { path, tag: 'MCP', secured: true } as const;
  return [
    {
      ...common,
      method: 'post',
      id: `postMcp${suffix}`,
      summary: 'Send a message',
      description:
        'Streamable HTTP. A request with `_meta` stands alone (2026-07-28); any other belongs to a session, which `initialize` begins ' +
        '(2024-11-05 to 2025-11-25). `Accept` has to allow both `application/json` and `text/event-stream`.',
      parameters: [...partitioned(path), ...POST_HEADERS],
      body: { 'application/json': MESSAGE },
      answers: {
        200: {
          description: 'The answer; or a stream of what comes before it, and then the answer.',
          content: { 'application/json': ANSWER, ...EVENTS },
          headers: { 'Mcp-Session-Id': 'The session that has begun.' },
        },
        202: { description: 'Taken, and there is nothing to answer.' },
        ...refusals('RpcError', ...ALL, 413, 415),
      },
    },
    {
      ...common,
      method: 'get',
      id: `getMcp${suffix}`,
      summary: 'Listen to a session',
      description: 'The stream of what the server sends by itself, or one that broke, from `Last-Event-ID` on.',
      parameters: [...partitioned(path), PROTOCOL_VERSION, { ...SESSION_ID, required: true }, LAST_EVENT_ID],
      answers: { 200: { description: 'The stream.', content: EVENTS }, ...refusals('RpcError', ...ALL, 405) },
    },
    {
      ...common,
      method: 'delete',
      id: `deleteMcp${suffix}`,
      summary: 'End a session',
      parameters: [...partitioned(path), PROTOCOL_VERSION, { ...SESSION_ID, required: true }],
      answers: {
        204: { description: 'The session has ended.' },
        ...refusals('RpcError', 400, 401, 403, 404, 405, 429, 500, 503),
      },
    },
  ];
}

const sse = (path: string, id: string): Endpoint => ({
  ...{ method: 'get', path, id, tag: 'HTTP+SSE', secured: true, deprecated: true, feature: 'httpSse' },
  summary: 'Begin a session of 2024-11-05',
  description: 'The first event, `endpoint`, names the path to send messages to; all answers leave on this stream.',
  parameters: partitioned(path),
  answers: {
    200: { description: 'The stream.', content: EVENTS },
    ...refusals('Refusal', 400, 401, 403, 405, 406, 429, 500, 503),
  },
});

const messages = (path: string, id: string): Endpoint => ({
  ...{ method: 'post', path, id, tag: 'HTTP+SSE', secured: true, deprecated: true, feature: 'httpSse' },
  summary: 'Send a message to a session of 2024-11-05',
  parameters: [
    ...partitioned(path),
    { name: 'sessionId', in: 'query', required: true, description: 'As the stream has told.', schema: { type: 'string' } },
  ],
  body: { 'application/json': { schema: ref('Message'), examples: SESSION_EXAMPLES } },
  answers: {
    202: { description: 'Taken; what there is to answer comes on the stream.' },
    ...refusals('Refusal', 400, 401, 403, 404, 405, 413, 415, 429, 500, 503),
  },
});

/** The endpoints of MCP. */
export const MCP_ENDPOINTS: readonly Endpoint[] = [
  ...streamable('/mcp', ''),
  ...streamable('/{partition}/mcp', 'OfPartition'),
  sse('/sse', 'openSse'),
  sse('/{partition}/sse', 'openSseOfPartition'),
  sse('/jsonrpc/sse', 'openJsonrpcSse'),
  messages('/messages', 'postMessage'),
  messages('/{partition}/messages', 'postMessageOfPartition'),
];
