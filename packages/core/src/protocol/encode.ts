/** Encodes messages as JSON. Results whose text is already known (list pages, recorded results) are not encoded again. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { JsonRpcMessage } from './messages.js';

/** Base class whose constructor returns its argument, so that a subclass can add a #private field to an existing object. */
const Given = function (given: object): object {
  return given;
} as unknown as new (given: object) => object;

/**
 * Stores a result's JSON text in a private field of the result. The field is invisible to JSON, spreads and loops, so results
 * stay plain objects. (Every call does this, and a WeakMap takes three times as long.)
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
 * Stores a result's JSON text with the result.
 *
 * @param result a result that will not be changed any more
 * @param text its JSON, if the caller already has it
 * @returns the same result
 */
export function withText<T extends object>(result: T, text: string = JSON.stringify(result)): T {
  Text.set(result, text);
  return result;
}

/** The JSON of a block of text; undefined: it is of another type, or has further members. */
function blockText(block: JsonObject): string | undefined {
  const known = Text.get(block);
  if (known !== undefined) return known;
  let members = 0;
  for (const _ in block) members += 1;
  if (members !== 2 || block['type'] !== 'text' || typeof block['text'] !== 'string') return undefined;
  return `{"type":"text","text":${JSON.stringify(block['text'])}}`;
}

/** JSON text of a result whose structured content has its text already. */
function structuredText(result: JsonObject, structured: string): string {
  const { content, structuredContent: _, ...others } = result;
  const [block, ...more] = Array.isArray(content) ? (content as unknown[]) : [];
  const only = more.length === 0 && isObject(block) ? blockText(block) : undefined;
  const blocks = only === undefined ? JSON.stringify(content ?? []) : `[${only}]`;
  const rest = JSON.stringify(others);
  return `{"content":${blocks},"structuredContent":${structured}${rest === '{}' ? '}' : `,${rest.slice(1)}`}`;
}

/**
 * JSON text of a result. Most tools return a single text block; for those the JSON is built by hand, which takes a third of the
 * time, and less if the text's JSON is known.
 */
export function resultText(result: JsonObject): string {
  const { content, structuredContent } = result;
  if (typeof structuredContent === 'object' && structuredContent !== null) {
    const structured = Text.get(structuredContent);
    if (structured !== undefined) return structuredText(result, structured);
  }
  if (!Array.isArray(content) || content.length !== 1) return JSON.stringify(result);
  let members = 0;
  for (const _ in result) members += 1;
  const [block] = content as [unknown];
  if (!isObject(block) || (members > 1 && Text.get(block) === undefined)) return JSON.stringify(result);
  const text = blockText(block);
  if (text === undefined) return JSON.stringify(result);
  if (members === 1) return `{"content":[${text}]}`;
  const others = JSON.stringify({ ...result, content: undefined });
  return others === '{}' ? `{"content":[${text}]}` : `{"content":[${text}],${others.slice(1)}`;
}

/** The stored text of a result, or undefined. */
export function textOf(result: object): string | undefined {
  return Text.get(result);
}

/**
 * A message as one line of JSON, without the newline. Transports call this instead of `JSON.stringify`, because list pages are
 * already encoded: a page of ten thousand tools costs almost nothing.
 */
export function encode(message: JsonRpcMessage): string {
  if (!('result' in message)) return JSON.stringify(message);
  const text = Text.get(message.result);
  if (text === undefined) return JSON.stringify(message);
  const id = typeof message.id === 'number' ? String(message.id) : JSON.stringify(message.id);
  return `{"jsonrpc":"2.0","id":${id},"result":${text}}`;
}
