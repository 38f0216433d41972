/**
 * Says what is wrong with a URI (RFC 3986) or a URI template (RFC 6570).
 */

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** Letters of other alphabets are read as their percent-encoding. */
const NOT_IN_URI = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%\u{a1}-\u{d7ff}\u{e000}-\u{10ffff}]|[\p{C}\p{Z}]|%(?![0-9A-Fa-f]{2})/u;

/** A character for a message. */
function character(text: string): string {
  if (text === ' ') return 'a space';
  return /[\p{C}\p{Z}]/u.test(text)
    ? `the character U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : `"${text}"`;
}

/**
 * Checks that a text is an absolute URI.
 *
 * @returns what is wrong and what to do; undefined for a correct URI
 */
export function uriProblem(uri: string): string | undefined {
  const bad = NOT_IN_URI.exec(uri)?.[0];
  if (bad === '{' || bad === '}')
    return `must be a URI, but contains ${character(bad)}: move templates to resource_templates, as uriTemplate`;
  if (!SCHEME.test(uri)) return 'must be an absolute URI with a scheme, such as "file:///notes.txt"';
  if (bad === '%') return 'must be a URI, but has a % without two hexadecimal digits after it: write a percent sign as %25';
  if (bad !== undefined) return `must be a URI, but contains ${character(bad)}: percent-encode it`;
  return SCHEME.exec(uri)?.[0] === uri ? 'must be a URI, but has nothing after the scheme' : undefined;
}

/** Says that a URI or template has characters that clients percent-encode before they send it. */
export function nonAscii(uri: string): string | undefined {
  const found = /[^ -~]/u.exec(uri)?.[0];
  return found === undefined
    ? undefined
    : `contains ${character(found)}, which is read as ${encodeURIComponent(found)}: percent-encode it, because some clients refuse it`;
}

/** Variable names: letters, digits, underscores and percent-encoded bytes, joined by dots. */
const VARIABLE = /^(?:\w|%[0-9A-Fa-f]{2})(?:\.?(?:\w|%[0-9A-Fa-f]{2}))*$/;
const MODIFIER = /(?:\*|:[1-9]\d{0,3})$/;
const RESERVED_OPERATORS = '=,!@|';
/** What literals must not contain. `%` begins an encoded byte. */
const NOT_LITERAL = /[\s"'<>\\^`|\p{C}\p{Z}]|%(?![0-9A-Fa-f]{2})/u;

/** A template's variables, and the first mistake in it. */
export interface TemplateReport {
  /** Names in order of appearance. */
  variables: string[];
  problem?: string;
}

/** Reads the inside of `{...}` and adds its variables. */
function expressionProblem(body: string, variables: string[]): string | undefined {
  if (body === '') return 'has an empty expression {}: name a variable between the braces';
  const first = body.charAt(0);
  if (RESERVED_OPERATORS.includes(first))
    return `uses the operator "${first}" in {${body}}, which RFC 6570 reserves: use + # . / ; ? & or none`;
  const specs = body.slice('+#./;?&'.includes(first) ? 1 : 0).split(',');
  for (const spec of specs) {
    const name = spec.replace(MODIFIER, '');
    if (!VARIABLE.test(name)) {
      return `has the invalid variable name "${spec}" in {${body}}: use letters, digits, "_" and ".", and commas between names`;
    }
    if (variables.includes(name)) return `uses the variable "${name}" twice: rename one`;
    variables.push(name);
  }
  return undefined;
}

function literalProblem(literal: string): string | undefined {
  const bad = NOT_LITERAL.exec(literal)?.[0];
  if (bad === undefined) return undefined;
  return bad === '%'
    ? 'has a % without two hexadecimal digits after it: write a percent sign as %25'
    : `contains ${character(bad)} outside of braces: percent-encode it`;
}

/**
 * Reads an RFC 6570 URI template (all operators, `*` and `:n`).
 *
 * @example readTemplate('users://{id}').variables // ['id']
 */
export function readTemplate(template: string): TemplateReport {
  const variables: string[] = [];
  const fail = (problem: string): TemplateReport => ({ variables, problem });
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    const literal = template.slice(at, open === -1 ? template.length : open);
    if (literal.includes('}')) return fail('has a } without a matching {');
    const wrongLiteral = literalProblem(literal);
    if (wrongLiteral !== undefined) return fail(wrongLiteral);
    if (open === -1) break;
    const close = template.indexOf('}', open);
    const inside = template.slice(open + 1, close === -1 ? template.length : close);
    if (close === -1 || inside.includes('{'))
      return fail(`has a { without a matching }: ${JSON.stringify(template.slice(open, open + 30))}`);
    const wrong = expressionProblem(inside, variables);
    if (wrong !== undefined) return fail(wrong);
    at = close + 1;
  }
  if (variables.length === 0) return fail('has no variables: move a resource with a fixed URI to resources, as uri');
  // Only {+variable} can hold a scheme.
  if (!/^(?:[A-Za-z][A-Za-z0-9+.-]*:|\{\+)/.test(template)) return fail('must begin with a scheme, such as "file:///{path}"');
  return { variables };
}
