/**
 * The document of the API, made from what is said of each endpoint.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
import type { JsonObject } from '@mcp-daemon/core';

import type { Answer, Endpoint, Feature } from './endpoint.js';
import { MCP_ENDPOINTS } from './mcp-endpoints.js';
import { OTHER_ENDPOINTS } from './other-endpoints.js';
import { SCHEMAS } from './schemas.js';

/** What {@link describeApi} takes. */
export interface ApiOptions {
  /** Default: mcp-daemon. */
  title?: string | undefined;
  /** The version of the program. Default: 0. */
  version?: string | undefined;
  /** What callers show: nothing, a bearer token from elsewhere, or one that they can get here. Default: the last. */
  security?: 'none' | 'token' | 'login' | undefined;
  /** Parts that are not served here. Default: none. */
  without?: readonly Feature[] | undefined;
}

/** All endpoints that there can be. */
export const ENDPOINTS: readonly Endpoint[] = [...MCP_ENDPOINTS, ...OTHER_ENDPOINTS];

const DESCRIPTION = `An MCP server, made from a config file.

Clients of MCP need the endpoint \`/mcp\` alone, or \`/{partition}/mcp\` for a partition that is not the default one.`;

const TAGS: Readonly<Record<string, string>> = {
  MCP: 'The Model Context Protocol over Streamable HTTP, all versions.',
  'HTTP+SSE': 'The transport of 2024-11-05, for clients that know no other.',
  'Live events': 'What happens, while it happens.',
  Authentication: 'Who calls.',
  Operation: 'For those who keep the server running.',
};

const DENIED: Readonly<Record<NonNullable<ApiOptions['security']>, readonly Feature[]>> = {
  none: ['login', 'metadata'],
  token: ['login'],
  login: [],
};

function answerOf({ description, content, headers = {} }: Answer): JsonObject {
  const named = Object.entries(headers).map(([name, says]) => [name, { description: says, schema: { type: 'string' } }]);
  return {
    description,
    ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) as JsonObject }),
    ...(content === undefined ? {} : { content }),
  };
}

function operationOf(endpoint: Endpoint): JsonObject {
  const { id, tag, summary, description, deprecated, parameters, body, answers, secured } = endpoint;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(secured ? {} : { security: [] }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
  };
}

/** What {@link SCHEMAS} a value refers to, and what these do. */
function referred(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  const { $ref } = value as { $ref?: unknown };
  const name = typeof $ref === 'string' ? $ref.slice('#/components/schemas/'.length) : undefined;
  if (name !== undefined && !found.has(name)) referred(SCHEMAS[name as keyof typeof SCHEMAS], found.add(name));
  for (const member of Object.values(value)) referred(member, found);
  return found;
}

/**
 * Describes the API of a server in OpenAPI 3.1. All URLs are relative to the document's own, so it is good under any path.
 *
 * @example
 * describeApi({ security: 'none', without: ['httpSse'] })
 */
export function describeApi({
  title = 'mcp-daemon',
  version = '0',
  security = 'login',
  without = [],
}: ApiOptions = {}): JsonObject {
  const missing = new Set<Feature>([...DENIED[security], ...without]);
  const endpoints = ENDPOINTS.filter(({ feature }) => feature === undefined || !missing.has(feature));
  const schemes: JsonObject = {
    ...(security === 'none' ? {} : { bearer: { type: 'http', scheme: 'bearer', description: 'An access token.' } }),
    ...(security === 'login'
      ? { password: { type: 'oauth2', flows: { password: { tokenUrl: 'auth/token', scopes: {} } } } }
      : {}),
  };
  const needed: JsonObject[] = Object.keys(schemes).map((name) => ({ [name]: [] }));

  const paths: Record<string, JsonObject> = {};
  for (const endpoint of endpoints) (paths[endpoint.path] ??= {})[endpoint.method] = operationOf(endpoint);
  const used = referred(paths);
  return {
    openapi: '3.1.1',
    info: { title, version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '.' }],
    security: needed,
    tags: Object.entries(TAGS)
      .filter(([name]) => endpoints.some(({ tag }) => tag === name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).filter(([name]) => used.has(name))),
      securitySchemes: schemes,
    },
  };
}
