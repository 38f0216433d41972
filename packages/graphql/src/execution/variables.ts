/** The variables of an operation: what a client has given, checked by the types of their definitions. */
import type { GraphQLInputType, GraphQLSchema, VariableDefinitionNode } from 'graphql';
import { coerceInputValue, isInputType, isNonNullType, typeFromAST, valueFromAST } from 'graphql';

/** The values of variables, after their types were checked. */
export type VariableValues = Readonly<Record<string, unknown>>;

/** Checks variables. @throws any error if one is missing or has a wrong value; graphql-js then makes the error for the client */
export type CheckVariables = (given: VariableValues) => VariableValues;

interface Known {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly hasDefault: boolean;
  readonly byDefault: unknown;
}

function refuse(): never {
  throw new Error('a variable has a wrong value');
}

/** Looks up the types of variables once. @throws Error if one has no type, which a valid document does not have */
export function createVariablesCheck(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): CheckVariables {
  const all = definitions.map(({ variable, type: node, defaultValue }): Known => {
    const type = typeFromAST(schema, node);
    if (!isInputType(type)) throw new Error('not an input type');
    const byDefault: unknown = defaultValue === undefined ? undefined : valueFromAST(defaultValue, type);
    return { name: variable.name.value, type, hasDefault: defaultValue !== undefined, byDefault };
  });
  return (given) => {
    const values: Record<string, unknown> = {};
    for (const { name, type, hasDefault, byDefault } of all) {
      if (!Object.hasOwn(given, name)) {
        if (hasDefault) values[name] = byDefault;
        else if (isNonNullType(type)) refuse();
      } else values[name] = coerceInputValue(given[name], type, refuse);
    }
    return values;
  };
}
