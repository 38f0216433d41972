/** The form of resolvers. */
import type { GraphQLResolveInfo } from 'graphql';

import type { Context } from '../reading/context.js';

/** Gives the value of a field. @param info what is selected, among other things */
export type Resolver<P = never, A = never> = (parent: P, args: A, context: Context, info: GraphQLResolveInfo) => unknown;

/** Begins the events of a subscription. */
export type Subscriber<A = never> = (parent: unknown, args: A, context: Context) => AsyncIterable<unknown>;

/** Resolvers by type and field. A field without one has the member of its parent by its name. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;
