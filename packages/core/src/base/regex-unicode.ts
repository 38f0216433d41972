/**
 * Rewrites regular expressions that JavaScript accepts only without its flag `u`, such as `^https\:` or `[\w-.]`, so that they are valid
 * with the flag and match the same texts.
 *
 * @see https://tc39.es/ecma262/#sec-regular-expressions-patterns (what Annex B accepts besides)
 */

/** After a backslash, these have a meaning or are valid with `u`. What follows other letters is a plain character. */
const ESCAPES = /[\^$\\.*+?()[\]{}|/bBdDfknpPrStvsuwWxc0-9]/;
/** The letter itself, because too few hexadecimal digits follow. */
const NO_CODE = /^\\(?:x(?![\dA-Fa-f]{2})|u(?![\dA-Fa-f]{4}))/;
const CLASS_ESCAPE = /^\\[dDsSwW]/;
const QUANTIFIER = /^\{\d+(?:,\d*)?\}/;

const isValid = (source: string, flags: string): boolean => {
  try {
    return new RegExp(source, flags) instanceof RegExp;
  } catch {
    return false;
  }
};

/** Copies a source character by character. */
class Rewriter {
  #at = 0;
  #out = '';

  constructor(private readonly source: string) {}

  rewritten(): string {
    while (this.#at < this.source.length) this.#outside();
    return this.#out;
  }

  #take(count: number, written = this.source.slice(this.#at, this.#at + count)): void {
    this.#at += count;
    this.#out += written;
  }

  /** An escape; `valid` are further characters that may be escaped here. */
  #escape(valid: string): void {
    const next = this.source.charAt(this.#at + 1);
    const isEscape = (ESCAPES.test(next) || valid.includes(next)) && !NO_CODE.test(this.source.slice(this.#at, this.#at + 6));
    this.#take(2, isEscape ? `\\${next}` : next);
  }

  #outside(): void {
    const character = this.source.charAt(this.#at);
    if (character === '\\') this.#escape('');
    else if (character === '[') this.#class();
    else if (character === '{') {
      const quantifier = QUANTIFIER.exec(this.source.slice(this.#at))?.[0];
      if (quantifier === undefined) this.#take(1, '\\{');
      else this.#take(quantifier.length);
    } else if (character === '}' || character === ']') this.#take(1, `\\${character}`);
    else this.#take(1);
  }

  /** A class in brackets. A hyphen beside an escape such as `\w` is no range, but the character. */
  #class(): void {
    this.#take(this.source.startsWith('[^', this.#at) ? 2 : 1);
    let afterClassEscape = false;
    for (let first = true; this.#at < this.source.length; first = false) {
      const character = this.source.charAt(this.#at);
      if (character === ']') return this.#take(1);
      const isClassEscape = CLASS_ESCAPE.test(this.source.slice(this.#at, this.#at + 2));
      if (character === '\\') this.#escape('-');
      else if (
        character === '-' &&
        !first &&
        (afterClassEscape || CLASS_ESCAPE.test(this.source.slice(this.#at + 1, this.#at + 3)))
      )
        this.#take(1, this.source.charAt(this.#at + 1) === ']' ? '-' : '\\-');
      else this.#take(1);
      afterClassEscape = isClassEscape;
    }
  }
}

/**
 * @param source a regular expression, as in the JSON Schema keyword `pattern`
 * @returns the source itself if it is valid with the flag `u`; undefined if it is not valid without it either, or cannot be rewritten
 */
export function toUnicodeMode(source: string): string | undefined {
  if (isValid(source, 'u')) return source;
  if (!isValid(source, '')) return undefined;
  const rewritten = new Rewriter(source).rewritten();
  return isValid(rewritten, 'u') ? rewritten : undefined;
}
