/** Completes values: from what a resolver gives to what is sent, by the type of the field. */
import type { GraphQLLeafType, GraphQLOutputType } from 'graphql';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';

import { isPromise } from '../base/deadline.js';
import type { SelectionInfo } from '../base/selection.js';
import type { Run } from './run.js';

/** Completes a value. @throws any error if the value does not fit the type; graphql-js then makes the error for the client */
export type Complete = (value: unknown, run: Run) => unknown;

type Resolve = (source: unknown, args: object, context: unknown, info: SelectionInfo) => unknown;

/** One field of a selection. */
export interface PlannedField {
  /** The key in the result: the alias, or the name. */
  readonly key: string;
  /** The member of the source, if there is no resolver. */
  readonly name: string;
  readonly resolve: Resolve | undefined;
  readonly args: (run: Run) => object;
  readonly info: SelectionInfo;
  readonly complete: Complete;
}

/** `typeof` of the values that a scalar sends as they are. */
const PLAIN: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [GraphQLString, 'string'],
  [GraphQLID, 'string'],
  [GraphQLBoolean, 'boolean'],
]);

function completeLeaf(type: GraphQLLeafType): Complete {
  const plain = PLAIN.get(type);
  const isNumber = type === GraphQLInt || type === GraphQLFloat;
  return (value) => {
    if (typeof value === plain) return value;
    if (value === null || value === undefined) return null;
    if (isNumber && typeof value === 'number' && value === (value | 0)) return value;
    if (value instanceof Error) throw value;
    const serialized: unknown = type.serialize(value);
    if (serialized === null || serialized === undefined) throw new Error(`${type.name} has no value`);
    return serialized;
  };
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function completeList(item: Complete): Complete {
  return (value, run) => {
    if (value === null || value === undefined) return null;
    if (!isIterable(value)) throw value instanceof Error ? value : new Error('not a list');
    const entries: readonly unknown[] = Array.isArray(value) ? value : [...value];
    const completed = new Array<unknown>(entries.length);
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (typeof entry === 'object' && isPromise(entry)) run.wait(entry, (later) => (completed[index] = item(later, run)));
      else completed[index] = item(entry, run);
    }
    return completed;
  };
}

/** Completes a source to the fields that are selected of it. */
export function completeObject(fields: readonly PlannedField[]): Complete {
  return (source, run) => {
    if (source === null || source === undefined) return null;
    if (source instanceof Error) throw source;
    const completed: Record<string, unknown> = {};
    for (const { key, name, resolve, args, info, complete } of fields) {
      let value: unknown;
      if (resolve !== undefined) value = resolve(source, args(run), run.context, info);
      else {
        value = (source as Readonly<Record<string, unknown>>)[name];
        if (typeof value === 'function') value = Reflect.apply(value, source, [args(run), run.context, info]);
      }
      if (typeof value === 'object' && isPromise(value)) {
        completed[key] = undefined; // keeps the place of the field
        run.wait(value, (later) => (completed[key] = complete(later, run)));
      } else completed[key] = complete(value, run);
    }
    return completed;
  };
}

/** How values of a type are completed. @param selected completes the objects in it */
export function completeType(type: GraphQLOutputType, selected: Complete | undefined): Complete {
  if (isNonNullType(type)) {
    const inner = completeType(type.ofType as GraphQLOutputType, selected);
    return (value, run) => {
      const completed = inner(value, run);
      if (completed === null) throw new Error('null is not allowed');
      return completed;
    };
  }
  if (isListType(type)) return completeList(completeType(type.ofType as GraphQLOutputType, selected));
  if (isLeafType(type)) return completeLeaf(type);
  if (selected === undefined) throw new Error(`nothing is selected of ${type.name}`);
  return selected;
}
