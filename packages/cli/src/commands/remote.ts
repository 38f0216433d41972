/**
 * Reads the flags that name a server by its URL: `--url` and `--header`.
 */
import { UsageError } from '../errors.js';

/** Checks the URL of an MCP server. @returns the URL as it was given @throws UsageError if it is not one of HTTP */
export function readUrl(text: string): string {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp) throw new UsageError(`--url: must be a URL such as http://localhost:8000/mcp, not ${JSON.stringify(text)}`);
  return text;
}

/**
 * Parses headers of the form `Name: value`.
 *
 * @throws UsageError if a header has another form; the message does not repeat its value, which may be a secret
 */
export function headersOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(\S(?:[^\r\n]*\S)?)[ \t]*$/.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError('--header: must be "Name: value", in quotes');
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}
