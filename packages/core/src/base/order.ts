/** The order of texts: that of their bytes in UTF-8, which SQLite and DynamoDB sort by. */

/** A UTF-16 unit in the order of code points: surrogates, of which emoji are made, come after all others. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/**
 * Compares two texts by their code points. JavaScript's own `<` compares UTF-16 units, and sorts emoji before some other characters.
 *
 * @returns a number below, at or above zero, for `Array.sort`
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}
