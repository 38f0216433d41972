/**
 * Finds expressions for which a backtracking engine takes exponential time: a part is repeated that can match the same text
 * in two ways.
 */
import type { Automaton } from './regex-automaton.js';
import { automataOf } from './regex-automaton.js';
import type { RegexNode } from './regex-parse.js';

/** Larger automata are not searched. */
const MAX_SEARCHED = 60;

/** Sample characters to compare sets: ASCII, and one of each other important kind. */
const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...'\u00a0éßЖ漢あ٣ाﬀ\u2028',
  '\u{1F600}',
];

/** Which positions are reachable from each position, by one step or more. */
function reach(next: readonly ReadonlySet<number>[]): Set<number>[] {
  return next.map((_, start) => {
    const seen = new Set<number>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const to of next[at] ?? []) {
        if (seen.has(to)) continue;
        seen.add(to);
        open.push(to);
      }
    }
    return seen;
  });
}

function isAmbiguous({ sources, next, doubled }: Automaton, flags: string): boolean {
  if (sources.length > MAX_SEARCHED) return false;
  const reachable = reach(next);
  if (doubled.some(([from, to]) => to === from || reachable[to]?.has(from) === true)) return true;
  const samples = sources.map((source) => {
    const regex = new RegExp(`^(?:${source})$`, flags);
    return new Set(SAMPLES.filter((sample) => regex.test(sample)));
  });
  const overlaps = (a: number, b: number): boolean => [...(samples[a] ?? [])].some((sample) => samples[b]?.has(sample));
  const together = sources.map((_, a) => sources.map((__, b) => overlaps(a, b)));
  // Two walks over one text from a position back to it, which are at different positions in between.
  return sources.some((_, home) => {
    if (reachable[home]?.has(home) !== true) return false;
    const seen = new Set<number>();
    const open: [number, number][] = [[home, home]];
    for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
      const [left, right] = pair;
      for (const a of next[left] ?? []) {
        for (const b of next[right] ?? []) {
          if (together[a]?.[b] !== true || reachable[a]?.has(home) !== true || reachable[b]?.has(home) !== true) continue;
          // The walks have parted, and meet again.
          if (a === b && left !== right) return true;
          const key = a * sources.length + b;
          if (seen.has(key)) continue;
          seen.add(key);
          open.push([a, b]);
        }
      }
    }
    return false;
  });
}

/**
 * Whether a backtracking engine may take exponential time. It only supports expressions without lookarounds and back references.
 */
export function isExponential(regex: RegexNode, flags: string): boolean {
  return (automataOf(regex, 2) ?? []).some(([, automaton]) => isAmbiguous(automaton, flags));
}
