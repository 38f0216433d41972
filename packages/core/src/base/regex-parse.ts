/**
 * Parses the structure of a regular expression: sequences, alternatives and repetitions. Single characters stay text, and the
 * engine compares them.
 */

/** A part of a regular expression. */
export type RegexNode =
  /** One character of a set. `source` is its regular expression, such as `\d` or `[a-z]`. */
  | { readonly kind: 'character'; readonly source: string }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'alternatives'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly body: RegexNode; readonly min: number; readonly max: number }
  /** `^` or `$`. */
  | { readonly kind: 'anchor'; readonly at: '^' | '$' }
  /** A lookahead or lookbehind. */
  | { readonly kind: 'look'; readonly body: RegexNode }
  /** What depends on more than the next character: `\b`, back references, groups with flags. */
  | { readonly kind: 'other' };

const OTHER: RegexNode = { kind: 'other' };
const QUANTIFIER = /([*+?]|\{(\d+)(,(\d*))?\})\??/y;
const GROUP = /\((?:\?(?:<?[=!]|:|<[^>=!]*>|[a-z-]+:))?/y;
const ESCAPE =
  /\\(?:[pP]\{[^}]*\}|u\{[0-9A-Fa-f]+\}|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[^])/uy;

class Parser {
  readonly #source: string;
  readonly #unicode: boolean;
  #at = 0;

  constructor(source: string, unicode: boolean) {
    this.#source = source;
    this.#unicode = unicode;
  }

  alternatives(): RegexNode {
    const parts = [this.#sequence()];
    while (this.#source[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#sequence());
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: 'alternatives', parts };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] ?? '')) parts.push(this.#repeated());
    return { kind: 'sequence', parts };
  }

  #repeated(): RegexNode {
    const body = this.#single();
    const found = this.#take(QUANTIFIER);
    if (found === undefined) return body;
    const [, sign, least, comma, most] = found;
    if (sign === '*') return { kind: 'repeat', body, min: 0, max: Infinity };
    if (sign === '+') return { kind: 'repeat', body, min: 1, max: Infinity };
    if (sign === '?') return { kind: 'repeat', body, min: 0, max: 1 };
    const min = Number(least);
    return { kind: 'repeat', body, min, max: comma === undefined ? min : most === '' ? Infinity : Number(most) };
  }

  #single(): RegexNode {
    const first = this.#source[this.#at] ?? '';
    if (first === '(') return this.#group();
    if (first === '[') return { kind: 'character', source: this.#class() };
    if (first === '\\') return this.#escape();
    if (first === '^' || first === '$') {
      this.#at += 1;
      return { kind: 'anchor', at: first };
    }
    const character = this.#unicode ? String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0) : first;
    this.#at += character.length;
    // A bracket or brace that is not in pairs is a literal outside of Unicode mode.
    return { kind: 'character', source: '{}]'.includes(character) ? `\\${character}` : character };
  }

  #group(): RegexNode {
    const opening = this.#take(GROUP)?.[0] ?? '';
    const body = this.alternatives();
    this.#at += 1;
    if (/[=!]$/.test(opening)) return { kind: 'look', body };
    return /^\(\?[a-z-]+:$/.test(opening) ? OTHER : body;
  }

  #class(): string {
    const start = this.#at;
    for (this.#at += 1; this.#source[this.#at] !== ']' && this.#at < this.#source.length; this.#at += 1) {
      if (this.#source[this.#at] === '\\') this.#at += 1;
    }
    this.#at += 1;
    return this.#source.slice(start, this.#at);
  }

  #escape(): RegexNode {
    const source = this.#take(ESCAPE)?.[0] ?? '\\\\';
    if (/^\\[bB1-9k]/.test(source)) {
      if (source === '\\k') this.#take(/<[^>]*>/y);
      else this.#take(/\d*/y);
      return OTHER;
    }
    return { kind: 'character', source };
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }
}

/**
 * The structure of a regular expression.
 *
 * @param source a regular expression that the engine accepts
 * @param unicode whether it is compiled with the flag `u`
 */
export function parseRegex(source: string, unicode: boolean): RegexNode {
  return new Parser(source, unicode).alternatives();
}

/** One alternative of a whole regular expression. */
export interface RegexBranch {
  /** Without the anchors at its ends. */
  readonly body: RegexNode;
  /** Whether it begins with `^`. */
  readonly start: boolean;
  /** Whether it ends with `$`. */
  readonly end: boolean;
}

/** The alternatives of a whole regular expression, with the anchors at their ends apart. */
export function branchesOf(node: RegexNode): RegexBranch[] {
  if (node.kind === 'alternatives') return node.parts.flatMap(branchesOf);
  let parts = node.kind === 'sequence' ? node.parts : [node];
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && (only.kind === 'sequence' || only.kind === 'alternatives'))
    return branchesOf(only);
  const isAnchor = (part: RegexNode | undefined, at: string): boolean => part?.kind === 'anchor' && part.at === at;
  const start = isAnchor(parts[0], '^');
  if (start) parts = parts.slice(1);
  const end = isAnchor(parts.at(-1), '$');
  if (end) parts = parts.slice(0, -1);
  return [{ body: { kind: 'sequence', parts }, start, end }];
}
