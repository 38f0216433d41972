/** The scalars of the schema. */
import type { ValueNode } from 'graphql';
import { GraphQLError, Kind, valueFromASTUntyped } from 'graphql';

const WHOLE_SECOND = '.000Z';

/** A time as the Python engine writes it: in UTC, with microseconds unless there are none. @param ms milliseconds since 1970 */
export function formatDateTime(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith(WHOLE_SECOND) ? `${text.slice(0, -WHOLE_SECOND.length)}+00:00` : `${text.slice(0, -1)}000+00:00`;
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a time. Without a zone it is in UTC.
 *
 * @returns milliseconds since 1970, rounded down
 * @throws GraphQLError if it is no time
 */
export function parseDateTime(value: unknown): number {
  const [, day, minutes = '00:00', seconds = ':00', fraction = '', zone = 'Z'] =
    typeof value === 'string' ? (DATE_TIME.exec(value.trim()) ?? []) : [];
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const ms = day === undefined ? NaN : Date.parse(`${day}T${minutes}${seconds}${fraction.slice(0, 4)}${offset}`);
  if (!Number.isNaN(ms)) return ms;
  throw new GraphQLError('A DateTime is a text in ISO 8601, such as "2026-03-08T10:00:00Z".');
}

/** What a scalar does with values; see graphql-js. */
export interface ScalarFunctions {
  serialize(value: unknown): unknown;
  parseValue(value: unknown): unknown;
  parseLiteral(node: ValueNode, variables?: Record<string, unknown> | null): unknown;
}

/** The scalars, by name. */
export const SCALARS: Readonly<Record<string, ScalarFunctions>> = {
  JSONCamelCase: {
    serialize: (value) => value,
    parseValue: (value) => value,
    parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
  },
  DateTime: {
    serialize: (value) => formatDateTime(value as number),
    parseValue: parseDateTime,
    parseLiteral(node) {
      if (node.kind !== Kind.STRING) throw new GraphQLError('A DateTime is a text in ISO 8601.', { nodes: node });
      return parseDateTime(node.value);
    },
  },
};
