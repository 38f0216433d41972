/**
 * Matches URIs with RFC 6570 templates, and finds the variables in them: every URI that a template can be expanded to is
 * matched, in any of the forms that RFC 3986 takes for the same.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6570
 */
import type { NormalUri } from './uri.js';
import { normalPart, normalUri } from './uri.js';
import type { QueryMatcher } from './uri-query.js';
import { compileQuery } from './uri-query.js';
import type { Step } from './uri-steps.js';
import { compileSteps } from './uri-steps.js';

/** Matches URIs of one template. Keep it: to make one takes longer than to use it. */
export interface UriMatcher {
  /** The names of the template's variables, in order. */
  readonly variables: readonly string[];
  /** The variables of a URI, decoded; undefined if it does not match. Variables that are left out of the URI are left out. */
  match(uri: string): Record<string, string> | undefined;
  /** The same for a URI in normal form, so that it is made once for many templates. */
  matchNormal(uri: NormalUri): Record<string, string> | undefined;
}

/**
 * The text before the first variable of an expression, the text between variables, and the characters that a value never
 * contains.
 */
interface Operator {
  readonly first: string;
  readonly separator: string;
  readonly excluded: string;
  /** Characters that the value of a list (`{name*}`) never contains. */
  readonly excludedInList: string;
  readonly named?: true;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  '+': { first: '', separator: ',', excluded: '', excludedInList: '' },
  '#': { first: '#', separator: ',', excluded: '', excludedInList: '' },
  '.': { first: '.', separator: '.', excluded: './?#', excludedInList: '/?#' },
  '/': { first: '/', separator: '/', excluded: '/?#', excludedInList: '?#' },
  ';': { first: ';', separator: ';', excluded: ';/?#', excludedInList: ';/?#', named: true },
  '?': { first: '?', separator: '&', excluded: '&#', excludedInList: '&#', named: true },
  '&': { first: '&', separator: '&', excluded: '&#', excludedInList: '&#', named: true },
};

/** A list that is not encoded is what many servers call a wildcard: `docs://{path*}` has slashes. */
const NO_OPERATOR: Operator = { first: '', separator: ',', excluded: '/?#&', excludedInList: '?#' };

/** A part of a template: an expression `{...}`, or the text between expressions. */
type Part = { readonly literal: string } | { readonly operator: string; readonly specs: readonly string[] };

function partsOf(template: string): Part[] {
  return template
    .split(/(\{[^{}]+\})/)
    .filter((text) => text !== '')
    .map((text) => {
      if (!/^\{[^{}]+\}$/.test(text)) return { literal: text };
      const operator = /^\{([+#./;?&])/.exec(text)?.[1] ?? '';
      return { operator, specs: text.slice(1 + operator.length, -1).split(',') };
    });
}

const nameOf = (spec: string): string => spec.replace(/(\*|:\d+)$/, '');

/** Characters that a reserved value leaves to later parts: a query belongs to the query expression. */
function leftTo(later: readonly Part[]): string {
  const has = (sign: string): boolean =>
    later.some((part) => ('literal' in part ? part.literal.includes(sign) : part.operator === sign));
  return `${has('?') ? '?' : ''}${has('#') ? '#' : ''}`;
}

/** The steps of one `{...}`. */
function expression(operator: string, specs: readonly string[], later: readonly Part[]): Step[] {
  const { first, separator, excluded, excludedInList, named } = OPERATORS[operator] ?? NO_OPERATOR;
  const value = (spec: string, empty: boolean): Step => {
    const all = spec.endsWith('*') ? excludedInList : excluded;
    // A reserved value may contain commas: after the last variable there is nothing to separate.
    const isLast = operator !== '' && spec === specs.at(-1);
    const comma = separator === ',' && specs.length > 1 && !isLast ? ',' : '';
    return { kind: 'value', name: nameOf(spec), excluded: all + comma + (operator === '+' ? leftTo(later) : ''), empty };
  };
  if (named !== undefined) {
    return specs.flatMap((spec, index) => {
      // If the first variables of a query are left out, the next one starts it.
      const starts = index > 0 && first !== separator ? [separator, first] : [index === 0 ? first : separator];
      return starts.flatMap((start): Step[] => [
        { kind: 'either', over: 4 },
        { kind: 'text', text: start + nameOf(spec), names: nameOf(spec) },
        { kind: 'either', over: 2 },
        { kind: 'text', text: '=' },
        value(spec, true),
      ]);
    });
  }
  // From the last variable to the first: each may be left out, together with those after it.
  return specs.reduceRight<Step[]>((rest, spec, index) => {
    const between = index === 0 ? first : separator;
    const own: Step[] = between === '' ? [] : [{ kind: 'text', text: between }];
    const steps = [...own, value(spec, between !== '' && operator !== ''), ...rest];
    // Without an operator a variable without a value leaves no trace: one is required.
    return between === '' ? steps : [{ kind: 'either', over: steps.length }, ...steps];
  }, []);
}

function stepsOf(parts: readonly Part[]): Step[] {
  let inPath = false;
  return parts.flatMap((part, index): Step[] => {
    if (!('literal' in part)) return expression(part.operator, part.specs, parts.slice(index + 1));
    const text = normalPart(part.literal);
    if (inPath) return [{ kind: 'text', text }];
    // Scheme and host are compared in lower case. An earlier part may already contain them.
    const head = index === 0 ? (/^[^:/?#]*:(?:\/\/[^/?#]*)?/.exec(text)?.[0] ?? '') : (/^[^/?#]*/.exec(text)?.[0] ?? '');
    inPath = head.length < text.length;
    return [{ kind: 'text', text: head.toLowerCase() + text.slice(head.length) }];
  });
}

/** The index of the query at the end of a template, if the query has expressions: `{?a,b}`, or `?a=1{&b}`. */
function queryStart(parts: readonly Part[]): number {
  const at = parts.findIndex((part) => ('literal' in part ? part.literal.includes('?') : part.operator === '?'));
  if (at === -1) return -1;
  const later = parts.slice(at + 1);
  const isQuery = (part: Part): boolean => !('literal' in part) && (part.operator === '&' || part.operator === '?');
  const end = later.findIndex((part) => !isQuery(part));
  const [rest, ...more] = end === -1 ? [] : later.slice(end);
  const isFragment = rest === undefined || ('literal' in rest ? rest.literal.startsWith('#') : rest.operator === '#');
  if (!isFragment || (more.length > 0 && rest !== undefined && !('literal' in rest))) return -1;
  const first = parts[at];
  return first !== undefined && 'literal' in first && !later.some(isQuery) ? -1 : at;
}

/** A template's parts: before the query, the query itself, and the fragment. */
interface Divided {
  readonly before: readonly Part[];
  readonly query?: QueryMatcher;
  readonly after: readonly Part[];
}

function divide(parts: readonly Part[]): Divided {
  const at = queryStart(parts);
  const first = parts[at];
  if (first === undefined) return { before: parts, after: [] };
  const end = parts.findIndex(
    (part, index) => index > at && ('literal' in part ? true : part.operator !== '?' && part.operator !== '&'),
  );
  const inside = parts.slice(at, end === -1 ? undefined : end);
  const literal = 'literal' in first ? first.literal : '';
  const mark = literal.indexOf('?');
  const specs = inside.flatMap((part) => ('literal' in part ? [] : part.specs));
  return {
    before: mark > 0 ? [...parts.slice(0, at), { literal: literal.slice(0, mark) }] : parts.slice(0, at),
    query: compileQuery(
      mark === -1 ? '' : normalPart(literal.slice(mark + 1)),
      specs.map((spec) => ({ name: nameOf(spec), list: spec.endsWith('*') })),
    ),
    after: end === -1 ? [] : parts.slice(end),
  };
}

/**
 * Compiles a template. The config check reports malformed ones; here a brace without a matching one is a literal.
 *
 * @example compileUriTemplate('users://{id}/posts/{post}').match('users://7/posts/a%20b') // { id: '7', post: 'a b' }
 */
export function compileUriTemplate(template: string): UriMatcher {
  const parts = partsOf(template);
  const { before, query, after } = divide(parts);
  const matchBefore = compileSteps(stepsOf(before));
  const matchAfter = compileSteps(stepsOf([{ literal: 'x:/' }, ...after]).slice(1));

  function matchForm(uri: NormalUri): Record<string, string> | undefined {
    const { text } = uri;
    const values: Record<string, string> = {};
    if (query === undefined) return matchBefore(uri, 0, text.length, values) ? values : undefined;
    const hash = text.indexOf('#');
    const fragment = hash === -1 ? text.length : hash;
    const mark = text.indexOf('?');
    const end = mark === -1 || mark > fragment ? fragment : mark;
    if (!matchBefore(uri, 0, end, values)) return undefined;
    if (!query(text.slice(end + 1, fragment), values)) return undefined;
    return matchAfter(uri, fragment, text.length, values) ? values : undefined;
  }

  function matchNormal(uri: NormalUri): Record<string, string> | undefined {
    const found = matchForm(uri);
    if (found !== undefined) return found;
    const other = uri.otherEmptyPath;
    return other && matchForm(other);
  }

  return {
    variables: parts.flatMap((part) => ('literal' in part ? [] : part.specs.map(nameOf))),
    matchNormal,
    match(uri) {
      const normal = normalUri(uri);
      return normal && matchNormal(normal);
    },
  };
}
