/** What an operation may cost: how deep it is, and how many fields it may return. */
import type { FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { getNamedType, GraphQLList, GraphQLNonNull, GraphQLObjectType, Kind } from 'graphql';

import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';

/** Entries of a list whose page has no size. */
const DEFAULT_SIZE = 100;
/** Entries of a list that has no pages, such as the changes of a plan. */
const SHORT_LIST = 10;

type Variables = Readonly<Record<string, unknown>>;

/** What an operation costs, by the sizes of pages in its variables. */
export type CostOf = (variables: Variables) => number;

interface Measured {
  /** Fields inside each other. */
  depth: number;
  cost: CostOf;
}

const FREE: Measured = { depth: 0, cost: () => 0 };

/** The size of a page does not matter. */
const ANYWHERE: CostOf = () => 1;

/**
 * Computes a cost once for each object of variables. Fragments that use fragments would be computed again and again, more often than
 * anybody can wait.
 */
function once(cost: CostOf): CostOf {
  let last: Variables | undefined;
  let found = 0;
  return (variables) => {
    if (variables !== last) {
      found = cost(variables);
      last = variables;
    }
    return found;
  };
}

/** Whether a type is a page of entries. */
const isPage = ({ name }: GraphQLObjectType): boolean => name.endsWith('List') || name.endsWith('ListType');

function isList(type: unknown): boolean {
  return type instanceof GraphQLList || (type instanceof GraphQLNonNull && isList(type.ofType));
}

/** Measures one operation of a valid document. Each fragment is measured once, however often it is used. */
class Measure {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #schema: GraphQLSchema;
  readonly #maxPageSize: number;
  readonly #defaults: Variables;
  readonly #known = new Map<string, Map<CostOf, Measured>>();

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    defaults: Variables,
    maxPageSize: number,
  ) {
    this.#maxPageSize = maxPageSize;
    this.#schema = schema;
    this.#fragments = fragments;
    this.#defaults = defaults;
  }

  selection({ selections }: SelectionSetNode, parent: GraphQLObjectType, size: CostOf): Measured {
    const parts = selections.map((node): Measured => {
      if (node.kind === Kind.INLINE_FRAGMENT) return this.selection(node.selectionSet, parent, size);
      if (node.kind === Kind.FRAGMENT_SPREAD) return this.#fragment(node.name.value, parent, size);
      const name = node.name.value;
      if (name.startsWith('__')) return { depth: 0, cost: () => 1 };
      const field = parent.getFields()[name];
      const type = field === undefined ? undefined : getNamedType(field.type);
      if (field === undefined || !(type instanceof GraphQLObjectType) || node.selectionSet === undefined)
        return { depth: 1, cost: () => 1 };
      const paged = node.arguments?.find(({ name: { value } }) => value === 'limit' || value === 'first')?.value;
      const hasPages = field.args.some(({ name: argument }) => argument === 'first');
      const inside = hasPages ? this.#pageSize(paged) : size;
      const { depth, cost } = this.selection(node.selectionSet, type, inside);
      // A list inside of a page is the page; any other list is short.
      const times: CostOf = !isList(field.type) ? () => 1 : isPage(parent) ? size : () => SHORT_LIST;
      return { depth: depth + 1, cost: (variables) => 1 + times(variables) * cost(variables) };
    });
    return {
      depth: Math.max(0, ...parts.map(({ depth }) => depth)),
      cost: (variables) => parts.reduce((sum, { cost }) => sum + cost(variables), 0),
    };
  }

  /** A page that is too large is refused when it is read, with an error of its own. */
  #bounded(size: number): number {
    return Math.max(1, Math.min(size, this.#maxPageSize));
  }

  #pageSize(node: { kind: Kind; value?: unknown; name?: { value: string } } | undefined): CostOf {
    if (node?.kind === Kind.INT) {
      const size = this.#bounded(Number(node.value));
      return () => size;
    }
    const name = node?.kind === Kind.VARIABLE ? node.name?.value : undefined;
    if (name === undefined) return () => DEFAULT_SIZE;
    return (variables) => {
      const size = variables[name] ?? this.#defaults[name];
      return typeof size === 'number' ? this.#bounded(size) : DEFAULT_SIZE;
    };
  }

  /** A fragment inside of a page counts by the size of the page; any other counts the same wherever it is used. */
  #fragment(name: string, parent: GraphQLObjectType, size: CostOf): Measured {
    const fragment = this.#fragments.get(name);
    if (fragment === undefined) return FREE;
    const key = isPage(parent) ? size : ANYWHERE;
    const bySize = this.#known.get(name) ?? new Map<CostOf, Measured>();
    this.#known.set(name, bySize);
    const known = bySize.get(key);
    if (known !== undefined) return known;
    const { depth, cost } = this.selection(fragment.selectionSet, parent, size);
    const measured = { depth, cost: once(cost) };
    bySize.set(key, measured);
    return measured;
  }

  root({ operation, selectionSet }: OperationDefinitionNode): Measured {
    const root = this.#schema.getRootType(operation);
    return root === null || root === undefined ? FREE : this.selection(selectionSet, root, () => DEFAULT_SIZE);
  }
}

const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Variables =>
  Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)]] : [],
    ),
  );

/**
 * Checks the depth of an operation of a valid document.
 *
 * @returns what it costs
 * @throws ApiError `LIMIT_EXCEEDED`
 */
export function costOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  { maxDepth, maxPageSize }: Pick<GraphqlLimits, 'maxDepth' | 'maxPageSize'>,
): CostOf {
  const { depth, cost } = new Measure(schema, fragments, defaultsOf(operation), maxPageSize).root(operation);
  if (depth > maxDepth)
    throw new ApiError('LIMIT_EXCEEDED', `The operation is ${depth} fields deep, at most ${maxDepth} are allowed (maxDepth).`);
  return cost;
}

/** @throws ApiError `LIMIT_EXCEEDED` */
export function checkCost(cost: CostOf, variables: Variables, { maxCost }: Pick<GraphqlLimits, 'maxCost'>): void {
  const found = cost({ ...variables }); // an object of its own: fragments know by it that the sizes may be others
  if (found > maxCost)
    throw new ApiError(
      'LIMIT_EXCEEDED',
      `The operation may return ${found} fields, at most ${maxCost} are allowed (maxCost): ask for fewer fields or smaller pages.`,
    );
}
