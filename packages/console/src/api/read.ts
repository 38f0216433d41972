/** Reads members of answers. A member of another type counts as absent: the server may be newer or older than this page. */
import type { Json, JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';

/** A text; undefined where it is absent or empty. */
export const text = (from: JsonObject, name: string): string | undefined => {
  const value = from[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A number; undefined where it is absent. */
export const number = (from: JsonObject, name: string): number | undefined => {
  const value = from[name];
  return typeof value === 'number' ? value : undefined;
};

/** A time of the GraphQL API, in milliseconds since 1970. */
export const time = (from: JsonObject, name: string): number | undefined => {
  const at = Date.parse(text(from, name) ?? '');
  return Number.isNaN(at) ? undefined : at;
};

/** An object; empty where it is absent. */
export const object = (from: JsonObject, name: string): JsonObject => {
  const value = from[name];
  return isObject(value) ? value : {};
};

/** The objects of a list. */
export const objects = (from: JsonObject, name: string): readonly JsonObject[] => {
  const value = from[name];
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
};

/** The texts of a list. */
export const texts = (from: JsonObject, name: string): readonly string[] => {
  const value = from[name];
  return Array.isArray(value) ? (value as readonly Json[]).filter((one) => typeof one === 'string') : [];
};

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; undefined: this is the last one. */
  readonly next: string | undefined;
}

/** Reads a page. @param name the member with the entries */
export const page = <T>(from: JsonObject, name: string, read: (entry: JsonObject) => T): Page<T> => ({
  items: objects(from, name).map(read),
  next: from['hasNextPage'] === true ? text(from, 'endCursor') : undefined,
});
