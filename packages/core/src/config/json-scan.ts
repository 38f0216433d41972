/**
 * Reads a JSON text a second time, after `JSON.parse` has failed or a mistake was found: it says where each value is, which keys are
 * duplicates, where comments and trailing commas are, and what else is not JSON (such as single quotes). `JSON.parse` takes a third
 * of the time, so it always goes first.
 */
import type { PathStep } from '../schema/mistakes.js';
import { formatPath } from '../schema/mistakes.js';
import type { InexactNumber, JsonNode, Spot } from './json-position.js';
import { lineOf } from './json-position.js';

/** A part of the text: from one offset to before another. */
export interface Extra {
  from: number;
  to: number;
}

/** What a scan found. */
export interface JsonScan {
  /** The whole value. Absent if the scan gave up before the first value. */
  root?: JsonNode;
  /** Comments, and commas before a closing bracket. JSON has neither; config files may have both. */
  extras: Extra[];
  /** What is not JSON otherwise. The scan may have given up after the last one. */
  syntax: Spot[];
  /** Keys that their object has already. */
  duplicates: Spot[];
  /** Whole numbers that JavaScript cannot represent. */
  inexact: InexactNumber[];
}

/** Levels of arrays and objects in a config. Deeper ones are refused, so that recursive code is safe. */
export const MAX_JSON_DEPTH = 400;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\p{L}\p{N}_$+.-]+/uy;
const CLOSER: Record<string, string> = { '{': '}', '[': ']' };
const ESCAPES = '"\\/bfnrt';
/** Words of other languages, and the JSON for them. */
const FOREIGN: Record<string, string> = {
  True: 'true',
  False: 'false',
  None: 'null',
  undefined: 'null',
  NaN: 'null',
  Infinity: 'null',
};

/** Ends the scan: the rest of the text cannot be understood. */
class Stop extends Error {}

class Scanner {
  readonly extras: Extra[] = [];
  readonly syntax: Spot[] = [];
  readonly duplicates: Spot[] = [];
  readonly inexact: InexactNumber[] = [];
  readonly #text: string;
  readonly #path: PathStep[] = [];
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  scan(): JsonScan {
    let root: JsonNode | undefined;
    try {
      this.#space();
      if (this.#at === this.#text.length)
        this.#stop('the file is empty: a config needs at least a tool, resource or prompt, and its entry in module_links');
      root = this.#value('a value');
      this.#space();
      if (this.#at < this.#text.length) this.#stop(`expected the end of the file, found ${this.#seen()}`);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    const { extras, syntax, duplicates, inexact } = this;
    return { ...(root === undefined ? {} : { root }), extras, syntax, duplicates, inexact };
  }

  #note(message: string, offset = this.#at): void {
    this.syntax.push({ offset, path: formatPath(this.#path), message });
  }

  #stop(message: string, offset = this.#at): never {
    this.#note(message, offset);
    throw new Stop();
  }

  /** What is at this place, in words. */
  #seen(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#text.length) return 'the end of the file';
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0];
    if (word !== undefined) return JSON.stringify(word.slice(0, 30));
    if (/[\p{C}\p{Z}]/u.test(character))
      return `the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    return character === '"' ? 'a string' : `"${character}"`;
  }

  /** Skips white space and comments. */
  #space(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === ' ' || character === '\n' || character === '\r' || character === '\t') this.#at++;
      else if (character === '/' && '/*'.includes(this.#text[this.#at + 1] ?? ' ')) this.#comment();
      else if (character === '#') this.#comment();
      else return;
    }
  }

  #comment(): void {
    if (this.#text[this.#at] === '#') this.#note('comments begin with //, not with #');
    const from = this.#at;
    const block = this.#text.startsWith('/*', this.#at);
    const end = this.#text.indexOf(block ? '*/' : '\n', this.#at + (block ? 2 : 1));
    if (end === -1 && block) this.#stop('the comment is not closed');
    this.#at = end === -1 ? this.#text.length : end + (block ? 2 : 1);
    this.extras.push({ from, to: this.#at });
  }

  #value(expected: string): JsonNode {
    const offset = this.#at;
    const character = this.#text[offset];
    if (character === '{') return this.#object();
    if (character === '[') return this.#array();
    if (character === '"' || character === "'") this.#string();
    else this.#bare(expected);
    return { offset };
  }

  /** A number, `true`, `false`, `null`, or a word that is none of these. */
  #bare(expected: string): void {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0];
    if (word === undefined) this.#stop(`expected ${expected}, found ${this.#seen()}`);
    NUMBER.lastIndex = this.#at;
    const right = word === 'true' || word === 'false' || word === 'null' || NUMBER.exec(this.#text)?.[0] === word;
    const instead = Object.hasOwn(FOREIGN, word) ? FOREIGN[word] : undefined;
    if (instead !== undefined) this.#note(`${word} is not JSON: write ${instead}`);
    else if (!right && /^[-+.\d]/.test(word))
      this.#note(
        `${JSON.stringify(word)} is not a JSON number: remove leading zeros and plus signs, and put digits on both sides of a dot`,
      );
    else if (!right) this.#note(`${word.slice(0, 30)} must be in double quotes`);
    if (right && /^-?\d{16,}$/.test(word) && String(Number(word)) !== word && BigInt(word) !== BigInt(Number(word)))
      this.inexact.push({
        offset: this.#at,
        path: formatPath(this.#path),
        steps: [...this.#path],
        text: word,
        message: `code gets ${Number(word)} for the number ${word}: use a string, or a number up to 9007199254740991`,
      });
    this.#at += word.length;
  }

  #string(): string {
    const start = this.#at;
    const mark = this.#text[start];
    if (mark === "'") this.#note("JSON strings need double quotes, not '");
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? '';
      if (character === mark) {
        this.#at = at + 1;
        return this.#decode(this.#text.slice(start + 1, at));
      }
      if (character === '\\') at = this.#escape(at);
      else if (character === '\n' || character === '\r')
        this.#stop('the string is not closed on its line: add a quote, or write a line break as \\n', start);
      else if (character < ' ')
        this.#note(
          `the string contains a raw control character: write it as \\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
          at,
        );
    }
    return this.#stop('the string is not closed: add a quote', start);
  }

  /** @returns the offset of the escape's last character */
  #escape(at: number): number {
    const next = this.#text[at + 1] ?? '';
    if (next === 'u' && /^[0-9A-Fa-f]{4}$/.test(this.#text.slice(at + 2, at + 6))) return at + 5;
    if (next === '' || !ESCAPES.includes(next)) this.#note(`"\\${next}" is not a JSON escape: write a backslash as \\\\`, at);
    return at + 1;
  }

  #decode(raw: string): string {
    if (!raw.includes('\\')) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      return raw; // the mistake is noted already
    }
  }

  #object(): JsonNode {
    const node: JsonNode = { offset: this.#at, members: new Map() };
    this.#items(node, '{', () => this.#member(node));
    return node;
  }

  #array(): JsonNode {
    const elements: JsonNode[] = [];
    const node: JsonNode = { offset: this.#at, elements };
    this.#items(node, '[', () => {
      this.#path.push(elements.length);
      elements.push(this.#value('a value or ]'));
      this.#path.pop();
    });
    return node;
  }

  /** The inside of an object or array: items and the commas between them. */
  #items(node: JsonNode, open: '{' | '[', item: () => void): void {
    const closer = CLOSER[open] ?? '';
    if (this.#path.length >= MAX_JSON_DEPTH) this.#stop(`nested more than ${MAX_JSON_DEPTH} levels deep`);
    this.#at++;
    let comma: number | undefined;
    for (let first = true; ; first = false) {
      this.#space();
      if (this.#at >= this.#text.length) this.#stop(`this ${open} is never closed: add ${closer}`, node.offset);
      const character = this.#text[this.#at] ?? '';
      if (character === closer) {
        if (comma !== undefined) this.extras.push({ from: comma, to: comma + 1 });
        this.#at++;
        return;
      }
      if (character === '}' || character === ']')
        this.#stop(`expected ${closer} to close the ${open} of line ${lineOf(this.#text, node.offset)}, found ${character}`);
      if (!first && comma === undefined) this.#note(`expected a comma or ${closer}, found ${this.#seen()}`);
      item();
      this.#space();
      comma = this.#text[this.#at] === ',' ? this.#at++ : undefined;
    }
  }

  #member(node: JsonNode): void {
    const keyOffset = this.#at;
    const key = this.#key();
    if (node.members?.has(key)) {
      const path = formatPath([...this.#path, key]);
      this.duplicates.push({
        offset: keyOffset,
        path,
        message: 'duplicate key: JSON keeps only the last one; remove or rename one',
      });
    }
    this.#space();
    if (this.#text[this.#at] !== ':') this.#stop(`expected a colon after the key ${JSON.stringify(key)}, found ${this.#seen()}`);
    this.#at++;
    this.#space();
    this.#path.push(key);
    node.members?.set(key, { ...this.#value(`a value for ${JSON.stringify(key)}`), keyOffset });
    this.#path.pop();
  }

  #key(): string {
    const character = this.#text[this.#at];
    if (character === '"' || character === "'") return this.#string();
    const key = /[A-Za-z_$][\w$]*/y;
    key.lastIndex = this.#at;
    const word = key.exec(this.#text)?.[0];
    if (word === undefined) this.#stop(`expected a key in double quotes or }, found ${this.#seen()}`);
    this.#note(`the key ${word} must be in double quotes`);
    this.#at += word.length;
    return word;
  }
}

/** The text with spaces in place of comments and trailing commas. Every line and column stays. */
export function withoutExtras(text: string, extras: readonly Extra[]): string {
  const parts: string[] = [];
  let end = 0;
  for (const { from, to } of [...extras].sort((a, b) => a.from - b.from)) {
    parts.push(text.slice(end, from), text.slice(from, to).replace(/[^\r\n]/g, ' '));
    end = to;
  }
  return parts.join('') + text.slice(end);
}

/** Reads a JSON text and collects its mistakes. The scan goes on after mistakes whose meaning is clear. */
export function scanJson(text: string): JsonScan {
  return new Scanner(text).scan();
}
