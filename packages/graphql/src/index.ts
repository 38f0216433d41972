/**
 * The admin API of mcp-daemon in GraphQL. Everything public is listed here, name by name.
 */
export { createGraphqlApi } from './api.js';
export type { GraphqlApi, GraphqlApiOptions } from './api.js';
export { GRAPHQL_ERROR_CODES } from './base/errors.js';
export type { GraphqlErrorCode } from './base/errors.js';
export { DEFAULT_GRAPHQL_LIMITS } from './base/limits.js';
export type { GraphqlLimits } from './base/limits.js';
export type { GraphqlOperation, PreparedOperation } from './documents/documents.js';
export type { QueryPlan } from './execution/plan.js';
export type { VariableValues } from './execution/variables.js';
export type { GraphqlCaller, GraphqlOperators, PackageOperators, OperatorSession } from './reading/context.js';
export { SCHEMA_TEXT } from './schema-text.js';
