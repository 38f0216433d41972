/** The order of texts: that of their bytes in UTF-8, which SQLite and DynamoDB sort by. */

/**
 * Compares two texts by their code points. JavaScript's own `<` compares UTF-16 units, and sorts emoji before some other characters.
 *
 * @returns a number below, at or above zero, for `Array.sort`
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
