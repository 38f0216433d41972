/** Lists of tools are parsed so that the numbers in their schemas, such as 18446744073709551615, are listed as they were written. */

/** Parses JSON, and keeps the texts of numbers; see `parseExactJson` of core. @throws SyntaxError */
export type ParseJson = (text: string) => unknown;

/** Parses a message. Those without schemas are parsed in the usual way, which is faster. @throws SyntaxError */
export const parseMessage = (text: string, parseExact: ParseJson): unknown =>
  text.includes('"inputSchema"') ? parseExact(text) : JSON.parse(text);
