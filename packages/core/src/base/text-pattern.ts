/**
 * Runs regular expressions from a config on texts from clients. The engine backtracks, which takes exponential time for some
 * expressions. On long texts those run as automata.
 */
import { isExponential } from './regex-ambiguity.js';
import type { LinearTest } from './regex-automaton.js';
import { linearTest } from './regex-automaton.js';
import { safeLength } from './regex-effort.js';
import { parseRegex } from './regex-parse.js';
import { toUnicodeMode } from './regex-unicode.js';

/** A compiled regular expression. */
export interface TextPattern {
  /** Characters of the longest text that it is run on. Infinity for nearly all expressions. */
  readonly longest: number;
  /** For texts of at most {@link safe} characters. */
  readonly quick: RegExp;
  readonly safe: number;
  /**
   * Whether a text matches. Short ones are matched by {@link quick}.
   *
   * @param spend called with the number of steps during a slow match; it may throw to end the match
   * @returns undefined for a text that is too long for this expression
   */
  test(text: string, spend: (steps: number) => void): boolean | undefined;
}

/** Escapes that mean something only with the flag `u`: without it `\p{L}` would match the text "p{L}". */
const ONLY_UNICODE = /\\(?:[pP]\{|u\{|k)/;

/**
 * Compiles with `u` as JSON Schema asks. What is an error only with `u`, such as `\-` and `\:`, is rewritten for it, as for clients; the
 * rest is compiled without it.
 *
 * @throws SyntaxError
 */
function compileRegex(source: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    if (ONLY_UNICODE.test(source)) throw error;
    const rewritten = toUnicodeMode(source);
    return rewritten === undefined ? new RegExp(source) : new RegExp(rewritten, 'u');
  }
}

const quickPattern = (regex: RegExp): TextPattern => ({
  longest: Infinity,
  quick: regex,
  safe: Infinity,
  test: (text) => regex.test(text),
});

/** Compiles a regular expression. The expensive part waits for the first long text. @throws SyntaxError */
export function compilePattern(source: string): TextPattern {
  const regex = compileRegex(source);
  // Without quantifiers and alternatives the engine cannot backtrack.
  if (!/[*+?{|]/.test(source)) return quickPattern(regex);
  const parsed = parseRegex(regex.source, regex.unicode);
  const safe = safeLength(parsed);
  if (safe === Infinity) return quickPattern(regex);
  let linear: LinearTest | 'none' | undefined;
  const automaton = (): LinearTest | 'none' => (linear ??= linearTest(parsed, regex.flags) ?? 'none');
  return {
    quick: regex,
    safe,
    get longest() {
      return automaton() === 'none' ? safe : Infinity;
    },
    test(text, spend) {
      if (text.length <= safe) return regex.test(text);
      const test = automaton();
      return test === 'none' ? undefined : test(text, spend);
    },
  };
}

/** Syntax of Python and PCRE that JavaScript does not have, and what to write instead. */
const FOREIGN: readonly [RegExp, string][] = [
  [/^(?:\\.|[^\\])*?\(\?P</, 'write (?<name>…) for (?P<name>…)'],
  [/^(?:\\.|[^\\])*?\(\?P=/, 'write \\k<name> for (?P=name)'],
  [/^\(\?[aiLmsux]+\)/, 'there are no flags such as (?i): write [Aa] for each letter'],
  [/^(?:\\[^Zz]|[^\\])*?\\[Zz]/, 'write $ for \\Z'],
  [/^(?:\\[^A]|[^\\])*?\\A/, 'write ^ for \\A'],
  [/^(?:\\.|[^\\])*?\(\?#/, 'there are no comments (?#…): remove it'],
  [/^(?:\\.|[^\\])*?\(\?>/, 'there are no atomic groups (?>…): write (?:…)'],
  [/^(?:\\.|[^\\])*?[*+?]\+/, 'there are no possessive quantifiers such as *+: remove the plus sign'],
];

/**
 * What to write instead, for an expression in the syntax of Python that JavaScript does not have.
 *
 * @returns undefined for any other expression
 */
export function foreignSyntax(source: string): string | undefined {
  return FOREIGN.find(([syntax]) => syntax.test(source))?.[1];
}

/** A problem of a regular expression, and whether the expression can still be used. */
export interface PatternReport {
  /** It is not a regular expression. */
  readonly problem?: string;
  /** It is served, with this advice. */
  readonly warning?: string;
}

/** Checks a regular expression of a config. */
export function inspectPattern(source: string): PatternReport {
  const foreign = foreignSyntax(source);
  if (foreign !== undefined) return { warning: `is not checked, because it is not a JavaScript regular expression: ${foreign}` };
  let regex: RegExp;
  try {
    regex = compileRegex(source);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*\/u?: /, '') : 'it does not compile';
    return { problem: `is not a valid regular expression: ${why}` };
  }
  const { longest } = compilePattern(source);
  if (longest < SHORT) return { warning: `takes too long on long texts: texts of more than ${longest} characters are refused` };
  if (/[*+{]/.test(source) && isExponential(parseRegex(regex.source, regex.unicode), regex.flags))
    return {
      warning:
        'repeats a part that can match the same text in several ways, which takes exponential time in most engines (here long texts take a slower, safe way): make it unambiguous',
    };
  return {};
}

/** Longer texts than this are ordinary: it is said if they are refused. */
const SHORT = 1_000;
