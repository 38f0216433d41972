/** From a filled form to a request of MCP, and from the questions of a function to a form. */
import type { CatalogEntry, Question } from '../api/catalog.js';
import { text } from '../api/read.js';
import type { Json, JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { expand } from '../form/uri-template.js';

/** A request of MCP. */
export interface FunctionRequest {
  readonly method: string;
  readonly params: JsonObject;
}

/** The request that a filled form stands for. */
export function requestOf({ kind, name, entry }: CatalogEntry, value: Json): FunctionRequest {
  if (kind === 'tool') return { method: 'tools/call', params: { name, arguments: value } };
  if (kind === 'prompt') return { method: 'prompts/get', params: { name, arguments: value } };
  const template = text(entry, 'uriTemplate');
  const uri = template === undefined ? (text(entry, 'uri') ?? '') : expand(template, isObject(value) ? value : {});
  return { method: 'resources/read', params: { uri } };
}

/** What a function says while it runs, in one line; undefined: a notification that is not for people. */
export function noteOf(method: string, params: JsonObject): string | undefined {
  if (method === 'notifications/progress') {
    const { progress, total, message } = params;
    return `${String(progress)}${total === undefined ? '' : ` of ${String(total)}`}${typeof message === 'string' ? ` ${message}` : ''}`;
  }
  if (method !== 'notifications/message') return undefined;
  return typeof params['data'] === 'string' ? params['data'] : JSON.stringify(params['data']);
}

/** The first question that people cannot answer, such as one to a model. */
export const unanswerableOf = (questions: readonly Question[]): Question | undefined =>
  questions.find(({ schema, method }) => schema === undefined || method !== 'elicitation/create');

/** The form for questions. Several become one form, with one object for each. */
export function questionSchema(questions: readonly Question[]): JsonObject {
  const [first] = questions;
  if (questions.length === 1) return first?.schema ?? {};
  const properties = questions.map(({ key, message, schema = {} }): [string, JsonObject] => [
    key,
    { ...schema, description: message },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), required: questions.map(({ key }) => key) };
}

/**
 * The answers to questions.
 *
 * @param action `accept`, or `decline`, which sends no content
 * @param value what the form of {@link questionSchema} contains
 */
export function answersOf(questions: readonly Question[], action: 'accept' | 'decline', value: Json): JsonObject {
  return Object.fromEntries(
    questions.map(({ key }) => {
      const content = questions.length === 1 ? value : isObject(value) ? value[key] : undefined;
      return [key, { action, ...(action === 'accept' && content !== undefined ? { content } : {}) }];
    }),
  );
}
