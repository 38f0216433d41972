/**
 * URIs that are written differently and are the same: RFC 3986, section 6.2.2. Clients parse URIs and print them again.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
 */

/** Longer URIs name nothing, which limits the cost of hostile ones. */
export const MAX_URI_LENGTH = 8_192;

/** A URI in normal form, in two texts of the same length. */
export interface NormalUri {
  /** Percent-encoded where necessary, without dot segments. Case is unchanged. */
  readonly text: string;
  /** The same with the scheme and the host in lower case. */
  readonly folded: string;
  /** The same URI with the other form of an empty path: `https://example.com` for `https://example.com/`. */
  readonly otherEmptyPath: NormalUri | undefined;
}

/** The codes of characters that need none: `A` by `%41`. */
const UNRESERVED: ReadonlyMap<string, string> = new Map(
  Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~', (character) => [
    `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    character,
  ]),
);
/** What is never in a URI as it is. A percent sign without two digits is left alone. */
const NOT_IN_URI = /[^\x21-\x7e]+|["<>\\^`{|}]+/gu;

const encoded = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

function normalCode(code: string): string {
  const upper = code.toUpperCase();
  return UNRESERVED.get(upper) ?? upper;
}

/**
 * A part of a URI with the percent-encoding that it needs: characters that a URI cannot have are encoded, letters and digits are
 * not, and the digits of codes are in upper case.
 *
 * @example normalPart('caf\u00e9%2f%61') // 'caf%C3%A9%2Fa'
 */
export function normalPart(part: string): string {
  const ascii = /[^\x21-\x7e]|["<>\\^`{|}]/.test(part) ? part.replace(NOT_IN_URI, encoded) : part;
  return ascii.includes('%') ? ascii.replace(/%[0-9A-Fa-f]{2}/g, normalCode) : ascii;
}

/** Scheme, authority and path of a hierarchical URI. */
const HIERARCHICAL = /^([A-Za-z][A-Za-z0-9+.-]*:)(\/\/[^/?#]*)?(\/[^?#]*)?/;

/** A path without `.` and `..`: RFC 3986, section 5.2.4. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    if (isLast && (segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** A normal form. One URI is compared with many templates, so what they share is made once. */
class Normal implements NormalUri {
  readonly text: string;
  readonly folded: string;
  /** `null`: there is none. */
  #other: NormalUri | null | undefined;

  constructor(text: string, folded: string) {
    this.text = text;
    this.folded = folded;
  }

  get otherEmptyPath(): NormalUri | undefined {
    if (this.#other === undefined) this.#other = otherForm(this) ?? null;
    return this.#other ?? undefined;
  }
}

function otherForm({ text, folded }: Normal): NormalUri | undefined {
  const found = /^[^:/?#]+:\/\/[^/?#]*(\/?)(?=[?#]|$)/.exec(text);
  if (found === null) return undefined;
  const end = found[0].length;
  const change = (form: string): string =>
    found[1] === '/' ? form.slice(0, end - 1) + form.slice(end) : `${form.slice(0, end)}/${form.slice(end)}`;
  return new Normal(change(text), change(folded));
}

/** A URI in normal form; undefined if it is too long. */
export function normalUri(uri: string): NormalUri | undefined {
  if (uri.length > MAX_URI_LENGTH) return undefined;
  let text = normalPart(uri);
  const [start = '', scheme = '', authority = '', path = ''] = HIERARCHICAL.exec(text) ?? [];
  if (path.includes('/.')) text = scheme + authority + withoutDots(path) + text.slice(start.length);
  const head = scheme + authority;
  const lower = head.toLowerCase();
  // Most URIs come in normal form: then both texts are the one that came, and nothing is copied.
  return new Normal(text, lower === head ? text : lower + text.slice(head.length));
}

/** The text that two URIs share if they are the same, from their normal form. */
export function normalKey({ folded }: NormalUri): string {
  const bare = /^[^:/?#]+:\/\/[^/?#]*\/(?=[?#]|$)/.exec(folded)?.[0];
  return bare === undefined ? folded : bare.slice(0, -1) + folded.slice(bare.length);
}

/**
 * A text that two URIs share if they are the same.
 *
 * @example uriKey('HTTP://Example.com/%7euser') === uriKey('http://example.com/~user')
 */
export function uriKey(uri: string): string {
  const normal = normalUri(uri);
  return normal === undefined ? uri : normalKey(normal);
}
