/** The JSON Schemas (2020-12) that operations share: the `components` of the OpenAPI document. */
import type { JsonObject } from '@mcp-daemon/core';

import { LOGIN_BODY, TOKEN_FORM } from '../auth/schemas.js';

const strings: JsonObject = { type: 'array', items: { type: 'string' } };

const count: JsonObject = { type: 'integer', minimum: 0 };
/** What is in a catalog, by the names of the Python engine. */
const counts = {
  partition_key: { type: 'string' },
  tools_count: count,
  resources_count: { ...count, description: 'With resource templates.' },
  prompts_count: count,
  modules_count: count,
  module_links_count: count,
  revision: { type: 'string' },
  age_seconds: { type: 'number', minimum: 0, description: 'Since the catalog was asked for.' },
};
const catalogCounts: JsonObject = { type: 'object', properties: counts, required: Object.keys(counts) };
const timestamp: JsonObject = { type: 'string', format: 'date-time' };
const done = { status: { const: 'success' }, message: { type: 'string' }, timestamp };

const id: JsonObject = { type: ['string', 'integer'] };
const jsonrpc: JsonObject = { const: '2.0' };
const params: JsonObject = { type: 'object' };

/** A reference to one of {@link SCHEMAS}. */
export const ref = (name: keyof typeof SCHEMAS): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** All schemas, by name. */
export const SCHEMAS = {
  Request: {
    type: 'object',
    description: 'A JSON-RPC request.',
    properties: { jsonrpc, id, method: { type: 'string' }, params },
    required: ['jsonrpc', 'id', 'method'],
  },
  Notification: {
    type: 'object',
    description: 'A JSON-RPC notification. It has no id and no answer.',
    properties: { jsonrpc, method: { type: 'string' }, params },
    required: ['jsonrpc', 'method'],
  },
  Result: {
    type: 'object',
    description: 'The result of a request.',
    properties: { jsonrpc, id, result: { type: 'object' } },
    required: ['jsonrpc', 'id', 'result'],
  },
  RpcError: {
    type: 'object',
    description: 'The reason why a request failed. Without an id it is about the HTTP request, not about a message.',
    properties: {
      jsonrpc,
      id,
      error: {
        type: 'object',
        properties: { code: { type: 'integer' }, message: { type: 'string' }, data: {} },
        required: ['code', 'message'],
      },
    },
    required: ['jsonrpc', 'error'],
  },
  Message: {
    description: 'One JSON-RPC message; in a session of 2025-03-26 also a batch.',
    anyOf: [
      { $ref: '#/components/schemas/Request' },
      { $ref: '#/components/schemas/Notification' },
      { $ref: '#/components/schemas/Result' },
      { $ref: '#/components/schemas/RpcError' },
      { type: 'array', minItems: 1, items: { type: 'object' } },
    ],
  },
  Answer: {
    description: 'The answer to a message, or the answers to a batch.',
    anyOf: [
      { $ref: '#/components/schemas/Result' },
      { $ref: '#/components/schemas/RpcError' },
      {
        type: 'array',
        items: { anyOf: [{ $ref: '#/components/schemas/Result' }, { $ref: '#/components/schemas/RpcError' }] },
      },
    ],
  },
  EventStream: { type: 'string', description: 'Server-Sent Events, until the connection is closed.' },
  Problem: {
    type: 'object',
    description: 'The reason why a request was refused.',
    properties: { error: { type: 'string' }, error_description: { type: 'string' } },
    required: ['error'],
  },
  Refusal: {
    description: 'The reason why a request was refused: as an HTTP error, or as a JSON-RPC error.',
    anyOf: [{ $ref: '#/components/schemas/Problem' }, { $ref: '#/components/schemas/RpcError' }],
  },
  GraphqlRequest: {
    type: 'object',
    description: 'One GraphQL operation. Batches are not supported.',
    properties: {
      query: { type: 'string', description: 'The document.' },
      variables: { type: ['object', 'null'] },
      operationName: {
        type: ['string', 'null'],
        description: 'Also accepted: `operation_name`, as clients of the Python engine write.',
      },
    },
    required: ['query'],
  },
  GraphqlResponse: {
    type: 'object',
    description: 'The result of a GraphQL operation, or why it was not run.',
    properties: {
      data: { type: ['object', 'null'] },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          properties: { message: { type: 'string' }, extensions: { type: 'object', properties: { code: { type: 'string' } } } },
          required: ['message'],
        },
      },
      extensions: { type: 'object' },
    },
  },
  Login: LOGIN_BODY,
  TokenForm: TOKEN_FORM,
  Token: {
    type: 'object',
    properties: {
      access_token: { type: 'string' },
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', minimum: 1, description: 'Seconds for which the token is valid.' },
      scope: { type: 'string', description: 'The scopes of the token, separated by spaces, if scopes were asked for.' },
      id_token: { type: 'string', description: 'With Cognito only: the ID token, which has the attributes of the user.' },
    },
    required: ['access_token', 'token_type', 'expires_in'],
  },
  Me: {
    type: 'object',
    properties: {
      username: { type: 'string' },
      roles: strings,
      partitions: { ...strings, description: 'The granted partitions. An `admin` has access to all partitions.' },
      scopes: { ...strings, description: 'The scopes of the token. Absent: all.' },
      exp: {
        type: 'number',
        description: 'When the token expires, in seconds since 1970. Absent for a token that does not expire.',
      },
    },
    required: ['username', 'roles', 'partitions'],
  },
  CacheStatus: {
    type: 'object',
    properties: {
      partition_key: { type: 'string' },
      is_cached: { type: 'boolean' },
      timestamp,
      cache_info: { anyOf: [catalogCounts, { type: 'null' }] },
    },
    required: ['partition_key', 'is_cached', 'timestamp', 'cache_info'],
  },
  CacheRefreshed: {
    type: 'object',
    properties: { ...done, cache_stats: catalogCounts },
    required: [...Object.keys(done), 'cache_stats'],
  },
  CachePurged: { type: 'object', properties: done, required: Object.keys(done) },
  CachesPurged: {
    type: 'object',
    properties: { ...done, cleared_partitions: strings },
    required: [...Object.keys(done), 'cleared_partitions'],
  },
  ProtectedResource: {
    type: 'object',
    description: 'Protected resource metadata (RFC 9728).',
    properties: {
      resource: { type: 'string', format: 'uri' },
      authorization_servers: { ...strings, minItems: 1 },
      scopes_supported: { ...strings, description: 'The scopes that functions of the partition need.' },
      bearer_methods_supported: strings,
      resource_name: { type: 'string' },
    },
    required: ['resource'],
  },
  AuthorizationServer: {
    type: 'object',
    description: 'Authorization server metadata (RFC 8414).',
    properties: {
      issuer: { type: 'string', format: 'uri' },
      authorization_endpoint: { type: 'string', format: 'uri' },
      token_endpoint: { type: 'string', format: 'uri' },
      registration_endpoint: { type: 'string', format: 'uri' },
      code_challenge_methods_supported: strings,
    },
    required: ['issuer', 'authorization_endpoint', 'token_endpoint'],
  },
  Ticket: {
    type: 'object',
    properties: {
      ticket: { type: 'string' },
      expires_in: { type: 'integer', minimum: 1, description: 'Seconds for which the ticket is valid. It can be used once.' },
    },
    required: ['ticket', 'expires_in'],
  },
  Status: {
    type: 'object',
    properties: { status: { type: 'string' }, reason: { type: 'string' } },
    required: ['status'],
  },
} satisfies Record<string, JsonObject>;
