/** The shapes that endpoints have in common, as JSON Schema 2020-12: the `components` of the document. */
import type { JsonObject } from '@mcp-daemon/core';

import { LOGIN_BODY, TOKEN_FORM } from '../auth/schemas.js';

const strings: JsonObject = { type: 'array', items: { type: 'string' } };

const id: JsonObject = { type: ['string', 'integer'] };
const jsonrpc: JsonObject = { const: '2.0' };
const params: JsonObject = { type: 'object' };

/** Refers to one of {@link SCHEMAS}. */
export const ref = (name: keyof typeof SCHEMAS): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** All of them, by name. */
export const SCHEMAS = {
  Request: {
    type: 'object',
    description: 'A request of JSON-RPC.',
    properties: { jsonrpc, id, method: { type: 'string' }, params },
    required: ['jsonrpc', 'id', 'method'],
  },
  Notification: {
    type: 'object',
    description: 'A notification of JSON-RPC, which has no id and no answer.',
    properties: { jsonrpc, method: { type: 'string' }, params },
    required: ['jsonrpc', 'method'],
  },
  Result: {
    type: 'object',
    description: 'What came of a request.',
    properties: { jsonrpc, id, result: { type: 'object' } },
    required: ['jsonrpc', 'id', 'result'],
  },
  RpcError: {
    type: 'object',
    description: 'Why a request failed. Without an id it is about the HTTP request, not about a message.',
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
    description: 'One message of JSON-RPC, or in a session of 2025-03-26 several.',
    anyOf: [
      { $ref: '#/components/schemas/Request' },
      { $ref: '#/components/schemas/Notification' },
      { $ref: '#/components/schemas/Result' },
      { $ref: '#/components/schemas/RpcError' },
      { type: 'array', minItems: 1, items: { type: 'object' } },
    ],
  },
  Answer: {
    description: 'The answer to a message, or those to several.',
    anyOf: [
      { $ref: '#/components/schemas/Result' },
      { $ref: '#/components/schemas/RpcError' },
      {
        type: 'array',
        items: { anyOf: [{ $ref: '#/components/schemas/Result' }, { $ref: '#/components/schemas/RpcError' }] },
      },
    ],
  },
  EventStream: { type: 'string', description: 'Server-Sent Events, for as long as the connection lasts.' },
  Problem: {
    type: 'object',
    description: 'Why a request was refused.',
    properties: { error: { type: 'string' }, error_description: { type: 'string' } },
    required: ['error'],
  },
  Refusal: {
    description: 'Why a request was refused: before it was a message, or as one.',
    anyOf: [{ $ref: '#/components/schemas/Problem' }, { $ref: '#/components/schemas/RpcError' }],
  },
  Login: LOGIN_BODY,
  TokenForm: TOKEN_FORM,
  Token: {
    type: 'object',
    properties: {
      access_token: { type: 'string' },
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', minimum: 1, description: 'Seconds that the token is good for.' },
      id_token: { type: 'string', description: 'Of Cognito: says who they are, where the access token does not.' },
    },
    required: ['access_token', 'token_type', 'expires_in'],
  },
  Me: {
    type: 'object',
    properties: {
      username: { type: 'string' },
      roles: strings,
      partitions: { ...strings, description: 'What is granted; an `admin` has all.' },
      exp: { type: 'number', description: 'When the token ends, in seconds since 1970. A token that does not end has none.' },
    },
    required: ['username', 'roles', 'partitions'],
  },
  ProtectedResource: {
    type: 'object',
    description: 'Metadata of RFC 9728.',
    properties: {
      resource: { type: 'string', format: 'uri' },
      authorization_servers: { ...strings, minItems: 1 },
      bearer_methods_supported: strings,
      resource_name: { type: 'string' },
    },
    required: ['resource'],
  },
  Ticket: {
    type: 'object',
    properties: {
      ticket: { type: 'string' },
      expires_in: { type: 'integer', minimum: 1, description: 'Seconds that it is good for, once.' },
    },
    required: ['ticket', 'expires_in'],
  },
  Status: {
    type: 'object',
    properties: { status: { type: 'string' }, reason: { type: 'string' } },
    required: ['status'],
  },
} satisfies Record<string, JsonObject>;
