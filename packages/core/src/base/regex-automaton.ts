/**
 * Regular expressions as automata: a match takes time proportional to the length of the text, whatever the expression. Each
 * character in the expression is a position. A match is a walk from position to position.
 */
import type { RegexBranch, RegexNode } from './regex-parse.js';
import { branchesOf } from './regex-parse.js';

/** An expression with more positions, or more steps between them, has no automaton. */
const MAX_POSITIONS = 1_000;
const MAX_EDGES = 50_000;

/** Where a part of an expression may begin and end. */
interface Ends {
  readonly empty: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const NOTHING: Ends = { empty: true, first: [], last: [] };

/** The expression has no automaton: it looks around, refers back, or is too large. */
class NoAutomaton extends Error {}

/** The automaton of one alternative of an expression. */
export class Automaton {
  /** The regular expression of the character at each position. */
  readonly sources: string[] = [];
  /** The positions that may come after each position. */
  readonly next: Set<number>[] = [];
  /** Steps between positions that the expression allows in two ways: `[from, to]`. */
  readonly doubled: [number, number][] = [];
  readonly ends: Ends;
  #edges = 0;

  /**
   * @param body the expression, without anchors at its ends
   * @param most repetitions of a counted repeat that are kept apart
   * @throws NoAutomaton
   */
  constructor(body: RegexNode, most: number) {
    this.ends = this.#add(body, most);
  }

  #add(node: RegexNode, most: number): Ends {
    switch (node.kind) {
      case 'character':
        if (this.sources.length >= MAX_POSITIONS) throw new NoAutomaton();
        this.sources.push(node.source);
        this.next.push(new Set());
        return { empty: false, first: [this.sources.length - 1], last: [this.sources.length - 1] };
      case 'sequence':
        return node.parts.reduce<Ends>((before, part) => this.#join(before, this.#add(part, most)), NOTHING);
      case 'alternatives': {
        const all = node.parts.map((part) => this.#add(part, most));
        return {
          empty: all.some(({ empty }) => empty),
          first: all.flatMap(({ first }) => first),
          last: all.flatMap(({ last }) => last),
        };
      }
      case 'repeat':
        return this.#repeat(node.body, node.min, node.max, most);
      default:
        throw new NoAutomaton();
    }
  }

  #repeat(body: RegexNode, min: number, max: number, most: number): Ends {
    const least = Math.min(min, most);
    let whole = NOTHING;
    for (let i = 0; i < least - (max === Infinity ? 1 : 0); i++) whole = this.#join(whole, this.#add(body, most));
    if (max === Infinity) {
      const loop = this.#add(body, most);
      this.#link(loop.last, loop.first);
      return this.#join(whole, { ...loop, empty: loop.empty || least === 0 });
    }
    // Each further one is optional. They are nested, so that a step over several of them is one step.
    let rest = NOTHING;
    for (let i = 0; i < Math.min(max - min, most); i++) rest = { ...this.#join(this.#add(body, most), rest), empty: true };
    return this.#join(whole, rest);
  }

  #join(a: Ends, b: Ends): Ends {
    this.#link(a.last, b.first);
    return {
      empty: a.empty && b.empty,
      first: a.empty ? [...a.first, ...b.first] : a.first,
      last: b.empty ? [...a.last, ...b.last] : b.last,
    };
  }

  #link(from: readonly number[], to: readonly number[]): void {
    this.#edges += from.length * to.length;
    if (this.#edges > MAX_EDGES) throw new NoAutomaton();
    for (const a of from) {
      for (const b of to) {
        if (this.next[a]?.has(b) === true) this.doubled.push([a, b]);
        this.next[a]?.add(b);
      }
    }
  }
}

/** The automata of an expression's alternatives; undefined if one of them has none. */
export function automataOf(regex: RegexNode, most = Infinity): [RegexBranch, Automaton][] | undefined {
  try {
    return branchesOf(regex).map((branch) => [branch, new Automaton(branch.body, most)]);
  } catch (error) {
    if (error instanceof NoAutomaton) return undefined;
    throw error;
  }
}

/** Number of characters for which one matcher caches the comparisons. */
const MAX_KEPT = 1_000;

/** Compares single characters with the sets of an expression. */
function characterTests(sources: readonly string[], flags: string): (character: string) => readonly boolean[] {
  const regexes = sources.map((source) => new RegExp(`^(?:${source})$`, flags));
  const kept = new Map<string, readonly boolean[]>();
  return (character) => {
    let found = kept.get(character);
    if (found === undefined) {
      found = regexes.map((regex) => regex.test(character));
      if (kept.size < MAX_KEPT) kept.set(character, found);
    }
    return found;
  };
}

/** Whether a text matches. It reports its steps to `spend`, which may throw to end the match. */
export type LinearTest = (text: string, spend: (steps: number) => void) => boolean;

function branchTest([{ start, end }, automaton]: [RegexBranch, Automaton], flags: string): LinearTest {
  const { ends, next } = automaton;
  const distinct = [...new Set(automaton.sources)];
  const test = characterTests(distinct, flags);
  const setOf = automaton.sources.map((source) => distinct.indexOf(source));
  const after = next.map((positions) => [...positions]);
  const isLast = next.map((_, position) => ends.last.includes(position));
  const isUnicode = flags === 'u';
  return (text, spend) => {
    if (ends.empty && (!end || !start || text === '')) return true;
    // The arrays are reused: this loop runs for each character of texts that may have a million.
    let active = new Int32Array(next.length);
    let reached = new Int32Array(next.length);
    const seen = new Int32Array(next.length);
    let [count, found, step, tried] = [0, 0, 0, 0];
    let fits: readonly boolean[] = [];
    const enter = (positions: readonly number[]): void => {
      tried += positions.length;
      for (const position of positions) {
        if (seen[position] === step) continue;
        seen[position] = step;
        if (fits[setOf[position] ?? 0] === true) reached[found++] = position;
      }
    };
    for (let at = 0; at < text.length;) {
      const character = isUnicode ? String.fromCodePoint(text.codePointAt(at) ?? 0) : text.charAt(at);
      at += character.length;
      fits = test(character);
      step += 1;
      tried = 1;
      found = 0;
      if (step === 1 || !start) enter(ends.first);
      for (let i = 0; i < count; i++) enter(after[active[i] ?? 0] ?? []);
      spend(tried);
      [active, reached] = [reached, active];
      count = found;
      if (!end) for (let i = 0; i < count; i++) if (isLast[active[i] ?? 0] === true) return true;
      if (start && count === 0) return false;
    }
    for (let i = 0; i < count; i++) if (isLast[active[i] ?? 0] === true) return true;
    return false;
  };
}

/**
 * A matcher that takes time proportional to the length of the text.
 *
 * @returns undefined for an expression that looks around, refers back, or is too large
 */
export function linearTest(regex: RegexNode, flags: string): LinearTest | undefined {
  const tests = automataOf(regex)?.map((branch) => branchTest(branch, flags));
  return tests && ((text, spend) => tests.some((test) => test(text, spend)));
}
