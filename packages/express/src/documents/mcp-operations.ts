/** The operations of MCP: Streamable HTTP, and HTTP+SSE for clients that support nothing newer. */
import { META, MODERN_VERSIONS } from '@mcp-daemon/core';

import type { PathName } from '../paths.js';
import { PARTITION_NAME } from '../paths.js';
import { refusals } from './answers.js';
import type { Content, Operation, Parameter } from './operation.js';
import { ref } from './schemas.js';

const NAME = PARTITION_NAME.source;

/** The header that names a part of a partition. */
export const PART_ID: Parameter = {
  name: 'Part-ID',
  in: 'header',
  description: 'A part of the partition: with `one`, `alpha` becomes `alpha#one`, which needs a grant of its own.',
  schema: { type: 'string', pattern: NAME },
};

/** The path segment that names a partition. */
export const PARTITION: Parameter = {
  name: 'partition',
  in: 'path',
  required: true,
  description: 'The partition. It has to be granted to the caller.',
  schema: { type: 'string', pattern: NAME, default: 'default' },
};

const [VERSION] = MODERN_VERSIONS;

/** Which tools there are is known after a log-in: the page of the API then shows a call of the first one. */
const A_TOOL = 'name-of-a-tool';

const header = (name: string, description: string, example?: string): Parameter => ({
  ...{ name, in: 'header', description, schema: { type: 'string' } },
  ...(example === undefined ? {} : { example }),
});

const PROTOCOL_VERSION = header(
  'MCP-Protocol-Version',
  'The protocol version: the one in `_meta`, or the one of the session.',
  VERSION,
);
const SESSION_ID = header('Mcp-Session-Id', 'The session that `initialize` began. Requests with `_meta` have no session.');
const POST_HEADERS = [
  PROTOCOL_VERSION,
  header('Mcp-Method', 'The method in the body. Required if the body has `_meta`.', 'tools/call'),
  header('Mcp-Name', 'The name or URI in the body. Required if the body has `_meta` and a name or URI.', A_TOOL),
  SESSION_ID,
];
const LAST_EVENT_ID = header(
  'Last-Event-ID',
  'The id of the last event that was read. The stream begins with the events after it.',
);

const META_OF_REQUEST = {
  [META.protocolVersion]: VERSION,
  [META.clientInfo]: { name: 'docs', version: '1' },
  [META.clientCapabilities]: {},
};

const request = (method: string, params: object, id = 1): object => ({ jsonrpc: '2.0', id, method, params });

/** Messages of clients that use sessions. */
const SESSION_EXAMPLES = {
  initialize: {
    summary: 'Begin a session (2025-11-25); the response header Mcp-Session-Id has its id',
    value: request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'docs', version: '1' } }),
  },
  listInSession: { summary: 'List the tools in a session', value: request('tools/list', {}, 2) },
};

const MESSAGE: Content = {
  schema: ref('Message'),
  examples: {
    call: {
      summary: 'Call a tool (2026-07-28)',
      value: request('tools/call', { name: A_TOOL, arguments: {}, _meta: META_OF_REQUEST }),
    },
    list: { summary: 'List the tools (2026-07-28)', value: request('tools/list', { _meta: META_OF_REQUEST }) },
    ...SESSION_EXAMPLES,
  },
};

const ANSWER: Content = {
  schema: ref('Answer'),
  examples: {
    called: {
      summary: 'The result of a tool',
      value: { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'Hello, Ada!' }], resultType: 'complete' } },
    },
    unknown: {
      summary: 'The tool does not exist',
      value: { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Unknown tool: name-of-a-tool' } },
    },
  },
};

const EVENTS: Record<string, Content> = { 'text/event-stream': { schema: ref('EventStream') } };

const ALL = [400, 401, 403, 404, 406, 429, 500, 503] as const;

const streamable = { tag: 'MCP', secured: true } as const;
const httpSse = { tag: 'HTTP+SSE', secured: true, deprecated: true, feature: 'httpSse' } as const;

const openSse = (id: string, partition: readonly Parameter[] = []): Operation => ({
  ...{ ...httpSse, method: 'get', id },
  summary: 'Begin a session of 2024-11-05',
  description: 'The first event, `endpoint`, has the path to send messages to. All answers are events of this stream.',
  parameters: partition,
  answers: {
    200: { description: 'The stream.', content: EVENTS },
    ...refusals('Refusal', 400, 401, 403, 405, 406, 429, 500, 503),
  },
});

const postMessage = (id: string, partition: readonly Parameter[] = []): Operation => ({
  ...{ ...httpSse, method: 'post', id },
  summary: 'Send a message to a session of 2024-11-05',
  parameters: [
    ...partition,
    {
      ...{ name: 'sessionId', in: 'query', required: true, schema: { type: 'string' } },
      description: 'The id of the session, from the event `endpoint` of its stream.',
    },
  ],
  body: { 'application/json': { schema: ref('Message'), examples: SESSION_EXAMPLES } },
  answers: {
    202: { description: 'The message is accepted. Its answer, if it has one, is an event of the stream.' },
    ...refusals('Refusal', 400, 401, 403, 404, 405, 413, 415, 429, 500, 503),
  },
});

/** The operations of MCP, by the row of their path. */
export const MCP_OPERATIONS = {
  mcp: [
    {
      ...streamable,
      method: 'post',
      id: 'postMcp',
      summary: 'Send a message',
      description:
        'Streamable HTTP. A request with `_meta` needs no session (2026-07-28). Every other request belongs to a session, which ' +
        '`initialize` begins (2024-11-05 to 2025-11-25). `Accept` must include both `application/json` and `text/event-stream`.',
      parameters: POST_HEADERS,
      body: { 'application/json': MESSAGE },
      answers: {
        200: {
          description: 'The answer as JSON; or a stream of notifications that ends with the answer.',
          content: { 'application/json': ANSWER, ...EVENTS },
          headers: { 'Mcp-Session-Id': 'The id of the session that has begun.' },
        },
        202: { description: 'The message is accepted. It has no answer.' },
        ...refusals('RpcError', ...ALL, 413, 415),
      },
    },
    {
      ...streamable,
      method: 'get',
      id: 'getMcp',
      summary: 'Listen to a session',
      description:
        'A stream of the messages that belong to no request; or, with `Last-Event-ID`, the rest of a stream that was interrupted.',
      parameters: [PROTOCOL_VERSION, { ...SESSION_ID, required: true }, LAST_EVENT_ID],
      answers: { 200: { description: 'The stream.', content: EVENTS }, ...refusals('RpcError', ...ALL, 405) },
    },
    {
      ...streamable,
      method: 'delete',
      id: 'deleteMcp',
      summary: 'End a session',
      parameters: [PROTOCOL_VERSION, { ...SESSION_ID, required: true }],
      answers: {
        204: { description: 'The session has ended.' },
        ...refusals('RpcError', 400, 401, 403, 404, 405, 429, 500, 503),
      },
    },
  ],
  sse: [openSse('openSse')],
  messages: [postMessage('postMessage')],
  jsonrpcSse: [openSse('openJsonrpcSse', [PART_ID])],
  jsonrpcMessages: [postMessage('postJsonrpcMessage', [PART_ID])],
} satisfies Partial<Record<PathName, readonly Operation[]>>;
