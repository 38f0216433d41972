/**
 * The OpenAPI document of the API, made from the table of paths and the descriptions of their operations.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
import type { JsonObject } from '@mcp-daemon/core';

import type { PathName } from '../paths.js';
import { PATHS, patternsOf } from '../paths.js';
import { CACHE_OPERATIONS } from './cache-operations.js';
import { GRAPHQL_OPERATIONS } from './graphql-operations.js';
import { MCP_OPERATIONS, PART_ID, PARTITION } from './mcp-operations.js';
import { OAUTH_OPERATIONS } from './oauth-operations.js';
import type { Answer, Feature, Operation } from './operation.js';
import { OTHER_OPERATIONS } from './other-operations.js';
import { SCHEMAS } from './schemas.js';

/** What {@link describeApi} takes. */
export interface ApiOptions {
  /** The title of the API. Default: mcp-daemon. */
  title?: string | undefined;
  /** The version of the program. Default: 0. */
  version?: string | undefined;
  /**
   * How callers authenticate: not at all (`none`), with a token from another server (`token`), or with a token that they get here
   * (`login`). Default: `login`.
   */
  security?: 'none' | 'token' | 'login' | undefined;
  /** Parts of the API that this server does not have. Default: none. */
  without?: readonly Feature[] | undefined;
}

/** All operations, by the row of their path. */
export const OPERATIONS: Readonly<Record<PathName, readonly Operation[]>> = {
  ...MCP_OPERATIONS,
  ...OTHER_OPERATIONS,
  ...OAUTH_OPERATIONS,
  ...GRAPHQL_OPERATIONS,
  ...CACHE_OPERATIONS,
};

const DESCRIPTION = `An MCP server, made from a config file.

MCP clients need only the endpoint \`/mcp\`, or \`/{partition}/mcp\` for another partition than the default one.`;

const TAGS: Readonly<Record<string, string>> = {
  MCP: 'The Model Context Protocol over Streamable HTTP, in all versions.',
  'HTTP+SSE': 'The transport of 2024-11-05, for clients that support nothing newer.',
  GraphQL: 'Look after the server: catalogs, records and statistics.',
  'Live events': 'Events of the server as they happen.',
  Authentication: 'Log in, and find out who a token belongs to.',
  Operation: 'For operators of the server.',
};

const DENIED: Readonly<Record<NonNullable<ApiOptions['security']>, readonly Feature[]>> = {
  none: ['login', 'metadata', 'oauth'],
  token: ['login', 'oauth'],
  login: [],
};

function answerOf({ description, content, headers = {} }: Answer): JsonObject {
  const described = Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]);
  return {
    description,
    ...(described.length === 0 ? {} : { headers: Object.fromEntries(described) as JsonObject }),
    ...(content === undefined ? {} : { content }),
  };
}

/** One operation as OpenAPI writes it. @param pattern its path, such as `/{partition}/mcp` */
function describeOperation(name: PathName, pattern: string, operation: Operation): JsonObject {
  const { id, tag, summary, description, deprecated, body, answers, secured } = operation;
  const hasPartition = pattern !== PATHS[name].path;
  const parameters = [
    ...(hasPartition ? [PARTITION] : []),
    ...(['segment', 'required'].includes(PATHS[name].partition) ? [PART_ID] : []),
    ...(operation.parameters ?? []),
  ];
  return {
    operationId: hasPartition ? `${id}OfPartition` : id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(secured ? {} : { security: [] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
  };
}

/** The names of all {@link SCHEMAS} that a value refers to, directly or through another schema. */
function referencedSchemas(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  const { $ref } = value as { $ref?: unknown };
  const name = typeof $ref === 'string' ? $ref.slice('#/components/schemas/'.length) : undefined;
  if (name !== undefined && !found.has(name)) referencedSchemas(SCHEMAS[name as keyof typeof SCHEMAS], found.add(name));
  for (const member of Object.values(value)) referencedSchemas(member, found);
  return found;
}

/**
 * Describes the API of a server in OpenAPI 3.1. All URLs are relative to that of the document, so it is right under every mount path.
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
  const isServed = ({ feature }: Operation): boolean => feature === undefined || !missing.has(feature);
  const schemes: JsonObject = {
    ...(security === 'none' ? {} : { bearer: { type: 'http', scheme: 'bearer', description: 'An access token.' } }),
    ...(security === 'login'
      ? { password: { type: 'oauth2', flows: { password: { tokenUrl: PATHS.token.path.slice(1), scopes: {} } } } }
      : {}),
  };
  const needed: JsonObject[] = Object.keys(schemes).map((name) => ({ [name]: [] }));

  const paths: Record<string, JsonObject> = {};
  const tags = new Set<string>();
  for (const name of Object.keys(PATHS) as PathName[]) {
    const operations = OPERATIONS[name].filter(isServed);
    for (const pattern of operations.length === 0 ? [] : patternsOf(name, '{partition}'))
      paths[pattern] = Object.fromEntries(
        operations.map((operation) => [operation.method, describeOperation(name, pattern, operation)]),
      );
    for (const { tag } of operations) tags.add(tag);
  }
  const used = referencedSchemas(paths);
  return {
    openapi: '3.1.1',
    info: { title, version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '.' }],
    security: needed,
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).filter(([name]) => used.has(name))),
      securitySchemes: schemes,
    },
  };
}
