/** The form of resolvers. */
import type { SelectionInfo } from '../base/selection.js';
import type { Context } from '../reading/context.js';

/** Gives the value of a field. @param info what is selected */
export type Resolver<P = never, A = never> = (parent: P, args: A, context: Context, info: SelectionInfo) => unknown;

/** Begins the events of a subscription. */
export type Subscriber<A = never> = (parent: unknown, args: A, context: Context) => AsyncIterable<unknown>;

/** Resolvers by type and field. A field without one has the member of its parent by its name. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;
