/**
 * Messages to JSON text. Results whose text is already known (list pages, recorded results) are not encoded again.
 */
import type { JsonObject } from '../base/json.js';
import type { JsonRpcMessage } from './messages.js';

/** A constructor that gives back what it is given: what is derived from it puts its private members on any object. */
const Given = function (given: object): object {
  return given;
} as unknown as new (given: object) => object;

/**
 * A result's text, in a private member of the result. Results stay plain objects: the member is not seen by JSON, by a spread
 * or by a loop. (A WeakMap would do the same at three times the price, and this is on the way of every call.)
 */
class Text extends Given {
  #text: string | undefined;

  static set(result: object, text: string): void {
    if (#text in result) result.#text = text;
    else new Text(result).#text = text;
  }

  static get(result: object): string | undefined {
    return #text in result ? result.#text : undefined;
  }
}

/**
 * Remembers a result's JSON text.
 *
 * @param result a result that is not changed from now on
 * @param text its JSON, where the caller has it already
 * @returns the same result
 */
export function withText<T extends JsonObject>(result: T, text: string = JSON.stringify(result)): T {
  Text.set(result, text);
  return result;
}

/**
 * JSON text of a result. One that is a single text and nothing else, which is what most tools give, is put together by hand:
 * that takes a third of the time.
 */
export function resultText(result: JsonObject): string {
  let members = 0;
  for (const _ in result) members += 1;
  const { content } = result as { content?: unknown };
  if (members !== 1 || !Array.isArray(content) || content.length !== 1) return JSON.stringify(result);
  const [block] = content as [JsonObject];
  members = 0;
  for (const _ in block) members += 1;
  if (members !== 2 || block['type'] !== 'text' || typeof block['text'] !== 'string') return JSON.stringify(result);
  return `{"content":[{"type":"text","text":${JSON.stringify(block['text'])}}]}`;
}

/** The remembered text of a result, or undefined. */
export function textOf(result: object): string | undefined {
  return Text.get(result);
}

/**
 * A message as one line of JSON, without the newline. Transports call this instead of `JSON.stringify`: for a page of ten
 * thousand tools the difference is all of the work.
 */
export function encode(message: JsonRpcMessage): string {
  if (!('result' in message)) return JSON.stringify(message);
  const text = Text.get(message.result);
  if (text === undefined) return JSON.stringify(message);
  const id = typeof message.id === 'number' ? String(message.id) : JSON.stringify(message.id);
  return `{"jsonrpc":"2.0","id":${id},"result":${text}}`;
}
