/** Documents: parsed, checked and validated once, and kept by their text. */
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { GraphQLError, Kind, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';

import { ApiError, graphqlError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';
import type { QueryPlan } from '../execution/plan.js';
import { createPlan } from '../execution/plan.js';
import type { CostOf } from './cost.js';
import { checkCost, costOf } from './cost.js';
import { checkShape } from './shape-check.js';
import { checkText } from './text-check.js';

/** A request: a document, and what it is executed with. */
export interface GraphqlOperation {
  query: string;
  variables?: Readonly<Record<string, unknown>> | null;
  /** Which operation of the document. Null or absent: its only one. */
  operationName?: string | null;
}

/** A document that may be executed. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly operation: OperationDefinitionNode;
  /** Gives the plan of the operation. Undefined: it has none, and graphql-js executes it. */
  readonly plan: () => QueryPlan | undefined;
}

/** One operation of a document. */
interface Known extends PreparedOperation {
  readonly cost: CostOf;
}

interface Checked {
  readonly operations: ReadonlyMap<string, Known>;
}

/** Documents that are kept. */
export interface Documents {
  /** Parses, checks limits, validates, and chooses the operation. */
  prepare(operation: GraphqlOperation): PreparedOperation | { errors: readonly GraphQLError[] };
  /** How many are kept. */
  readonly size: number;
}

/** What {@link createDocuments} takes. */
export interface DocumentsOptions {
  schema: GraphQLSchema;
  limits: GraphqlLimits;
  /** Whether clients may ask for the schema. */
  introspection: boolean;
}

/** Errors that validation finds before it stops. */
const MAX_ERRORS = 20;
/** Characters of all documents that are kept, for each that may be kept. */
const CHARACTERS_EACH = 10_000;

class Refused extends Error {
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super('refused');
    this.errors = errors;
  }
}

function parsed(text: string, maxTokens: number): DocumentNode {
  try {
    return parse(text, { maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const isLimit = /more tha[nt] \d+ tokens/i.test(error.message);
    throw new Refused([
      isLimit
        ? graphqlError('LIMIT_EXCEEDED', `The document has more than ${maxTokens} tokens (maxTokens).`)
        : graphqlError('PARSE_FAILED', error.message, { error }),
    ]);
  }
}

/** Computes a value when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Creates an empty set of documents. */
export function createDocuments({ schema, limits, introspection }: DocumentsOptions): Documents {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  /** A Map keeps the order of insertion: what was used last is put at the end. */
  const kept = new Map<string, Checked>();
  let characters = 0;

  function check(text: string): Checked {
    checkText(text, limits);
    const document = parsed(text, limits.maxTokens);
    checkShape(document, limits);
    const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) throw new Refused(errors.map((error) => graphqlError('VALIDATION_FAILED', error.message, { error })));
    const fragments = new Map(
      document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
    );
    const operations = new Map<string, Known>();
    for (const node of document.definitions) {
      if (node.kind !== Kind.OPERATION_DEFINITION) continue;
      const cost = costOf(schema, node, fragments, limits);
      const kind: `${OperationTypeNode}` = node.operation;
      const plan = once(() => createPlan({ schema, operation: node, fragments }));
      operations.set(node.name?.value ?? '', { document, kind, operation: node, plan, cost });
    }
    return { operations };
  }

  function drop(text: string): void {
    if (kept.delete(text)) characters -= text.length;
  }

  function lookUp(text: string): Checked {
    const before = kept.get(text);
    if (before !== undefined) {
      kept.delete(text);
      kept.set(text, before);
      return before;
    }
    const checked = check(text);
    kept.set(text, checked);
    characters += text.length;
    while (kept.size > limits.maxDocuments || characters > limits.maxDocuments * CHARACTERS_EACH) {
      const [oldest] = kept.keys();
      if (oldest === undefined || oldest === text) break;
      drop(oldest);
    }
    return checked;
  }

  function choose({ operations }: Checked, name: string | null | undefined): Known {
    if (typeof name === 'string' && name !== '') {
      const found = operations.get(name);
      if (found !== undefined) return found;
      throw new ApiError('BAD_REQUEST', `The document has no operation "${name.slice(0, 100)}".`);
    }
    const [first] = operations.values();
    if (first === undefined) throw new ApiError('BAD_REQUEST', 'The document has no operation.');
    if (operations.size > 1)
      throw new ApiError('BAD_REQUEST', 'The document has several operations: choose one with operationName.');
    return first;
  }

  return {
    prepare({ query, variables, operationName }) {
      try {
        const known = choose(lookUp(query), operationName);
        checkCost(known.cost, variables ?? {}, limits);
        return known;
      } catch (error) {
        if (error instanceof Refused) return { errors: error.errors };
        if (error instanceof ApiError) return { errors: [graphqlError(error.code, error.message, { details: error.details })] };
        throw error;
      }
    },
    get size() {
      return kept.size;
    },
  };
}
