/**
 * Plans of queries. graphql-js looks up each field of each row again: its definition, its arguments, its resolver. A plan does that once
 * for a document, and then only runs the resolvers.
 *
 * A plan knows only runs that go well. If anything fails, the caller runs the query again by graphql-js, which finds out what a client is
 * told: which error, at which path, and which data beside it. Queries change nothing, so that they may run twice.
 */
import type { Awaitable } from '@mcp-daemon/core';
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { getArgumentValues, getNamedType, isObjectType, Kind, OperationTypeNode, visit } from 'graphql';

import type { SelectionInfo } from '../base/selection.js';
import type { Complete, PlannedField } from './complete.js';
import { completeObject, completeType } from './complete.js';
import { Run } from './run.js';
import type { CheckVariables, VariableValues } from './variables.js';
import { createVariablesCheck } from './variables.js';

/** The data of a query. Throws or rejects if anything fails, whatever it is. */
export type QueryPlan = (context: unknown, variables: VariableValues) => Awaitable<Record<string, unknown>>;

/** Fields of a plan, after fragments are put in place. A query with more has no plan. */
const MAX_FIELDS = 2_000;
const NO_ARGUMENTS: object = Object.freeze({});

/** Thrown if a query has something that plans do not know. */
class NotPlanned extends Error {}

class Planner {
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  #fields = 0;

  constructor(fragments: Readonly<Record<string, FragmentDefinitionNode>>) {
    this.#fragments = fragments;
  }

  /** Groups the fields of a selection by their keys, as the results have them. */
  #collect({ selections }: SelectionSetNode, found: Map<string, FieldNode[]>, seen: Set<string>): void {
    for (const node of selections) {
      // Such as @skip: whether the field is there depends on the variables.
      if (node.directives !== undefined && node.directives.length > 0) throw new NotPlanned();
      if (node.kind === Kind.INLINE_FRAGMENT) this.#collect(node.selectionSet, found, seen);
      else if (node.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = this.#fragments[node.name.value];
        if (fragment === undefined || seen.has(node.name.value)) continue;
        seen.add(node.name.value);
        this.#collect(fragment.selectionSet, found, seen);
      } else {
        const key = node.alias?.value ?? node.name.value;
        const nodes = found.get(key);
        if (nodes === undefined) found.set(key, [node]);
        else nodes.push(node);
      }
    }
  }

  /** Plans what is selected of a type. @param nodes the fields that select it */
  selection(type: GraphQLObjectType, selections: readonly (SelectionSetNode | undefined)[]): Complete {
    const found = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    for (const selection of selections) if (selection !== undefined) this.#collect(selection, found, seen);
    return completeObject([...found].map(([key, nodes]) => this.#field(type, key, nodes)));
  }

  #field(parent: GraphQLObjectType, key: string, fieldNodes: readonly FieldNode[]): PlannedField {
    const [node] = fieldNodes as [FieldNode];
    const name = node.name.value;
    const place = (this.#fields += 1);
    // An object with this key would get another prototype.
    if (place > MAX_FIELDS || key === '__proto__') throw new NotPlanned();
    const info: SelectionInfo = { fieldNodes, fragments: this.#fragments };
    if (name === '__typename')
      return { ...{ key, name, info }, args: () => NO_ARGUMENTS, resolve: () => parent.name, complete: (value) => value };
    const field = parent.getFields()[name];
    if (field === undefined) throw new NotPlanned(); // such as __schema
    const named = getNamedType(field.type);
    const selected = isObjectType(named)
      ? this.selection(
          named,
          fieldNodes.map(({ selectionSet }) => selectionSet),
        )
      : undefined;
    const resolve = field.resolve as PlannedField['resolve'];
    return {
      ...{ key, name, resolve, info },
      args: argumentsOf(field, node, place),
      complete: completeType(field.type, selected),
    };
  }
}

function hasVariables(node: FieldNode): boolean {
  let found = false;
  for (const { value } of node.arguments ?? []) visit(value, { Variable: () => void (found = true) });
  return found;
}

/** The arguments of a field: the same for all runs, or the same for all rows of a run. */
function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode, place: number): PlannedField['args'] {
  if (field.args.length === 0) return () => NO_ARGUMENTS;
  if (hasVariables(node)) return ({ args, variables }) => (args[place] ??= getArgumentValues(field, node, variables));
  const values = Object.freeze(getArgumentValues(field, node));
  return () => values;
}

/** What {@link createPlan} takes. */
export interface PlanOptions {
  schema: GraphQLSchema;
  /** An operation of a valid document. */
  operation: OperationDefinitionNode;
  /** The fragments of the document. */
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** Plans an operation. @returns undefined if it has no plan: a mutation, or a query with directives or introspection */
export function createPlan({ schema, operation, fragments }: PlanOptions): QueryPlan | undefined {
  const type = schema.getQueryType();
  if (operation.operation !== OperationTypeNode.QUERY || type === null || type === undefined) return undefined;
  let root: Complete;
  let checkVariables: CheckVariables;
  try {
    checkVariables = createVariablesCheck(schema, operation.variableDefinitions ?? []);
    root = new Planner(Object.fromEntries(fragments)).selection(type, [operation.selectionSet]);
  } catch {
    return undefined; // graphql-js runs it, and makes the errors that clients get
  }
  return (context, given) => {
    const run = new Run(context, checkVariables(given));
    const data = root({}, run) as Record<string, unknown>;
    return run.isWaiting ? run.end().then(() => data) : data;
  };
}
