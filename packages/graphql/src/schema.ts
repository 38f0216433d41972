/** The schema: its text, with scalars, resolvers and roles put in place. */
import type { GraphQLSchema } from 'graphql';
import { buildASTSchema, getDirectiveValues, GraphQLObjectType, GraphQLScalarType, parse } from 'graphql';

import { ApiError } from './base/errors.js';
import { SCALARS } from './base/scalars.js';
import type { Context, GraphqlCaller } from './reading/context.js';
import { hasRole } from './reading/context.js';
import { callChanges } from './resolvers/call-changes.js';
import { callResolvers } from './resolvers/calls.js';
import { configResolvers } from './resolvers/config.js';
import { daemonResolvers } from './resolvers/daemon.js';
import { functionChanges } from './resolvers/function-changes.js';
import { functionResolvers } from './resolvers/functions.js';
import { moduleChanges } from './resolvers/module-changes.js';
import { moduleResolvers } from './resolvers/modules.js';
import { replayResolvers } from './resolvers/replay.js';
import type { Resolver, Resolvers } from './resolvers/resolver.js';
import { revisionResolvers } from './resolvers/revisions.js';
import { settingChanges } from './resolvers/setting-changes.js';
import { settingResolvers } from './resolvers/settings.js';
import { statisticsResolvers } from './resolvers/statistics.js';
import { subscribers, subscriptionResolvers } from './resolvers/subscription.js';
import { SCHEMA_TEXT } from './schema-text.js';

const ALL: readonly Resolvers[] = [
  functionResolvers,
  functionChanges,
  callResolvers,
  callChanges,
  replayResolvers,
  statisticsResolvers,
  moduleResolvers,
  moduleChanges,
  settingResolvers,
  settingChanges,
  revisionResolvers,
  configResolvers,
  daemonResolvers,
  subscriptionResolvers,
];

const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

type Check = (context: Context, field: string) => void;

/** The check of a role. */
function roleCheck(role: GraphqlCaller['role']): Check {
  return ({ caller }, field) => {
    if (hasRole(caller, role)) return;
    throw new ApiError('FORBIDDEN', `"${field}" needs the role ${role}, and the caller has the role ${caller.role}.`);
  };
}

/** Puts the check of its role before a resolver. */
function guarded<A extends readonly unknown[], R>(
  check: Check | undefined,
  field: string,
  resolve: (parent: unknown, args: unknown, context: Context, ...rest: A) => R,
): (parent: unknown, args: unknown, context: Context, ...rest: A) => R {
  if (check === undefined) return resolve;
  return (parent, args, context, ...rest) => {
    check(context, field);
    return resolve(parent, args, context, ...rest);
  };
}

/** Puts resolvers on the fields of a type. @throws Error if a root field has no role, or there is a resolver for no field */
function attach(schema: GraphQLSchema, type: GraphQLObjectType): void {
  const directive = schema.getDirective('role');
  const resolvers: Record<string, Resolver> = Object.assign({}, ...ALL.map((one) => one[type.name] ?? {}));
  const fields = type.getFields();
  for (const name of Object.keys(resolvers)) {
    if (fields[name] === undefined) throw new Error(`The schema has no field ${type.name}.${name}.`);
  }
  for (const [name, field] of Object.entries(fields)) {
    const values = directive && field.astNode ? getDirectiveValues(directive, field.astNode) : undefined;
    const role = typeof values?.['requires'] === 'string' ? values['requires'].toLowerCase() : undefined;
    if (role === undefined && ROOTS.has(type.name)) throw new Error(`${type.name}.${name} has no role.`);
    const check = role === undefined ? undefined : roleCheck(role as GraphqlCaller['role']);
    const resolve = resolvers[name] as ((...all: unknown[]) => unknown) | undefined;
    const subscribe = type.name === 'Subscription' ? subscribers[name] : undefined;
    if (subscribe !== undefined) field.subscribe = guarded(check, name, subscribe as (...all: unknown[]) => unknown);
    else if (resolve !== undefined) field.resolve = guarded(check, name, resolve);
    else if (check !== undefined) throw new Error(`${type.name}.${name} has no resolver.`);
  }
}

/** Creates the schema with its resolvers. Each root field checks the role of the caller first. */
export function createSchema(): GraphQLSchema {
  // The text is validated by a test, which takes longer than building it.
  const schema = buildASTSchema(parse(SCHEMA_TEXT), { assumeValidSDL: true, assumeValid: true });
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (type instanceof GraphQLScalarType) Object.assign(type, SCALARS[type.name] ?? {});
    if (type instanceof GraphQLObjectType) attach(schema, type);
  }
  return schema;
}
