/**
 * RFC 6570 URI templates, read backwards: which URIs they match, and the variables in them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6570
 */

/** Matches URIs of one template. */
export interface UriMatcher {
  /** The template's variables, in order. */
  readonly variables: readonly string[];
  /** The variables of a URI, decoded, or undefined where it does not match. */
  match(uri: string): Record<string, string> | undefined;
}

/** What stands before the first variable of an expression, between two, and what a value may hold. */
const OPERATORS: Record<string, { first: string; separator: string; value: string; named?: true }> = {
  '': { first: '', separator: ',', value: '[^/?#&,]+' },
  '+': { first: '', separator: ',', value: '[^?#]+' },
  '#': { first: '#', separator: ',', value: '.+' },
  '.': { first: '\\.', separator: '\\.', value: '[^./?#]+' },
  '/': { first: '/', separator: '/', value: '[^/?#]+' },
  ';': { first: ';', separator: ';', value: '[^;/?#]*', named: true },
  '?': { first: '\\?', separator: '&', value: '[^&#]*', named: true },
  '&': { first: '&', separator: '&', value: '[^&#]*', named: true },
};

/** Longer URIs match nothing: it bounds what a hostile one can cost. */
const MAX_URI_LENGTH = 8_192;

const escape = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // a lone percent sign: no such URI
  }
}

/** The regular expression of one `{...}`, and its variables. */
function expression(body: string, variables: string[]): string {
  const operator = /^[+#./;?&]/.exec(body)?.[0] ?? '';
  const rule = OPERATORS[operator] ?? OPERATORS['']!;
  const parts = body
    .slice(operator.length)
    .split(',')
    .map((spec) => {
      const name = spec.replace(/(\*|:\d+)$/, '');
      variables.push(name);
      const value = spec.endsWith('*') && operator === '/' ? '[^?#]+' : rule.value;
      return rule.named ? `${escape(name)}(?:=(${value}))?` : `(${value})`;
    });
  // Named variables (queries, parameters) may be left out one by one; positional ones are needed.
  if (!rule.named) return rule.first + parts.join(rule.separator);
  const [first, ...rest] = parts;
  return `(?:${rule.first}${first ?? ''})?` + rest.map((part) => `(?:[?&;]${part})?`).join('');
}

/**
 * Compiles a template. Malformed ones are found by the config check; here a brace without its partner is a literal.
 *
 * @example compileUriTemplate('users://{id}/posts/{post}').match('users://7/posts/a%20b') // { id: '7', post: 'a b' }
 */
export function compileUriTemplate(template: string): UriMatcher {
  const variables: string[] = [];
  const source = template
    .split(/(\{[^{}]+\})/)
    .map((part) => (/^\{[^{}]+\}$/.test(part) ? expression(part.slice(1, -1), variables) : escape(part)))
    .join('');
  const pattern = new RegExp(`^${source}$`, 'u');
  return {
    variables,
    match(uri) {
      if (uri.length > MAX_URI_LENGTH) return undefined;
      const found = pattern.exec(uri);
      if (found === null) return undefined;
      const values: Record<string, string> = {};
      for (const [index, name] of variables.entries()) {
        const raw = found[index + 1];
        if (raw === undefined) continue;
        const value = decode(raw);
        if (value === undefined) return undefined;
        values[name] = value;
      }
      return values;
    },
  };
}
