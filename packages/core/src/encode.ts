/**
 * Messages to JSON text. Results whose text is already known (list pages, recorded results) are not encoded again.
 */
import type { JsonObject, JsonRpcMessage } from './protocol.js';

/** Text of results that will not change any more. They stay plain objects: anyone may stringify them. */
const texts = new WeakMap<object, string>();

/**
 * Remembers a result's JSON text.
 *
 * @param result a result that is not changed from now on
 * @param text its JSON, where the caller has it already
 * @returns the same result
 */
export function withText<T extends JsonObject>(result: T, text: string = JSON.stringify(result)): T {
  texts.set(result, text);
  return result;
}

/** The remembered text of a result, or undefined. */
export function textOf(result: object): string | undefined {
  return texts.get(result);
}

/**
 * A message as one line of JSON, without the newline. Transports call this instead of `JSON.stringify`: for a page of ten
 * thousand tools the difference is all of the work.
 */
export function encode(message: JsonRpcMessage): string {
  if (!('result' in message)) return JSON.stringify(message);
  const text = texts.get(message.result);
  if (text === undefined) return JSON.stringify(message);
  const id = typeof message.id === 'number' ? String(message.id) : JSON.stringify(message.id);
  return `{"jsonrpc":"2.0","id":${id},"result":${text}}`;
}
