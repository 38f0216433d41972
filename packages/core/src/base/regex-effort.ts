/**
 * How long a backtracking engine may take for a regular expression, by the length of the text.
 */
import type { RegexNode } from './regex-parse.js';
import { branchesOf } from './regex-parse.js';

/** Steps that a match may take: some 50 ms. */
const MAX_EFFORT = 10_000_000;

/** Ways through a part of the expression, and the steps that it takes to try them all. */
interface Effort {
  readonly paths: number;
  readonly steps: number;
}

/** An upper bound for a text of `length` characters. */
function effortOf(node: RegexNode, length: number): Effort {
  switch (node.kind) {
    case 'sequence': {
      let [paths, steps] = [1, 1];
      for (const part of node.parts) {
        const its = effortOf(part, length);
        steps += paths * its.steps;
        paths *= its.paths;
      }
      return { paths, steps };
    }
    case 'alternatives': {
      const all = node.parts.map((part) => effortOf(part, length));
      const sum = (of: (effort: Effort) => number): number => all.reduce((total, each) => total + of(each), 0);
      return { paths: sum(({ paths }) => paths), steps: sum(({ steps }) => steps) };
    }
    case 'repeat': {
      const body = effortOf(node.body, length);
      const most = Math.min(node.max, length);
      if (body.paths > 1) {
        const paths = body.paths ** most * (node.max === node.min ? 1 : 2);
        return { paths, steps: paths * body.steps };
      }
      return { paths: Math.max(1, most - node.min + 1), steps: Math.max(1, most) * body.steps };
    }
    // The engine does not backtrack into a lookahead that has matched.
    case 'look':
      return { paths: 1, steps: effortOf(node.body, length).steps };
    case 'other':
      return { paths: 1, steps: length };
    default:
      return { paths: 1, steps: 1 };
  }
}

/**
 * The maximum length of texts that the engine is sure to match quickly.
 *
 * @returns Infinity if the time is proportional to the length of the text
 */
export function safeLength(regex: RegexNode): number {
  const anchored = branchesOf(regex).every(({ start }) => start);
  const effort = (length: number): number => effortOf(regex, length).steps * (anchored ? 1 : length);
  const [half, whole] = [effort(2 ** 15), effort(2 ** 16)];
  if (whole <= 2.1 * half && half <= 100 * MAX_EFFORT) return Infinity;
  let low = 0;
  for (let high = 2 ** 20; low < high;) {
    const middle = (low + high + 1) >> 1;
    if (effort(middle) <= MAX_EFFORT) low = middle;
    else high = middle - 1;
  }
  return low;
}
