/**
 * Matches URIs with RFC 6570 templates, and finds the variables in them. URIs come from clients, so a match takes time that is
 * linear in the length of the URI and of the template.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6570
 */

/** Matches URIs of one template. */
export interface UriMatcher {
  /** The names of the template's variables, in order. */
  readonly variables: readonly string[];
  /** The variables of a URI, decoded; undefined if it does not match. */
  match(uri: string): Record<string, string> | undefined;
}

/** What is before the first variable of an expression and between variables, and which characters a value never contains. */
const OPERATORS: Record<string, { first: string; separator: string; excluded: string; named?: true }> = {
  '+': { first: '', separator: ',', excluded: '?#' },
  '#': { first: '#', separator: ',', excluded: '' },
  '.': { first: '.', separator: '.', excluded: './?#' },
  '/': { first: '/', separator: '/', excluded: '/?#' },
  ';': { first: ';', separator: ';', excluded: ';/?#', named: true },
  '?': { first: '?', separator: '&', excluded: '&#', named: true },
  '&': { first: '&', separator: '&', excluded: '&#', named: true },
};

const NO_OPERATOR = { first: '', separator: ',', excluded: '/?#&,', named: undefined };

/** One step of a match. Steps only go forward in the URI. */
type Step =
  /** Exactly this text. If it names a variable, that variable is present. */
  | { kind: 'text'; text: string; names?: string }
  /** The variable's value: as many characters as possible. */
  | { kind: 'value'; name: string; excluded: string; empty: boolean }
  /** Tries the next step; if that does not match, skips the next `over` steps. */
  | { kind: 'either'; over: number };

/** Longer URIs never match, which limits the cost of hostile ones. */
const MAX_URI_LENGTH = 8_192;

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // a percent sign without two digits
  }
}

/** Adds the steps of one `{...}`. */
function expression(body: string, steps: Step[], variables: string[]): void {
  const operator = /^[+#./;?&]/.exec(body)?.[0] ?? '';
  const { first, separator, excluded, named } = OPERATORS[operator] ?? NO_OPERATOR;
  const specs = body.slice(operator.length).split(',');
  for (const [index, spec] of specs.entries()) {
    const name = spec.replace(/(\*|:\d+)$/, '');
    variables.push(name);
    const between = index === 0 ? first : separator;
    if (named === undefined) {
      if (between !== '') steps.push({ kind: 'text', text: between });
      const list = operator === '/' && spec.endsWith('*'); // elements are separated by slashes
      steps.push({ kind: 'value', name, excluded: list ? '?#' : excluded, empty: false });
      continue;
    }
    // Named variables (of queries and parameters) are optional; positional ones are required. If the first variables of a query
    // are left out, the next one starts it.
    const starts = index > 0 && first !== separator ? [between, first] : [between];
    for (const start of starts) {
      steps.push({ kind: 'either', over: 4 }, { kind: 'text', text: start + name, names: name });
      steps.push({ kind: 'either', over: 2 }, { kind: 'text', text: '=' }, { kind: 'value', name, excluded, empty: true });
    }
  }
}

/** The positions from which each step can reach the end of the URI: `ways[step][position]` is 1. */
function waysToTheEnd(steps: readonly Step[], uri: string): Uint8Array[] {
  let next = new Uint8Array(uri.length + 1);
  next[uri.length] = 1;
  const ways = [next];
  for (const step of steps.toReversed()) {
    const here = new Uint8Array(uri.length + 1);
    if (step.kind === 'text') {
      for (let at = uri.length - step.text.length; at >= 0; at -= 1) {
        if (next[at + step.text.length] === 1 && uri.startsWith(step.text, at)) here[at] = 1;
      }
    } else if (step.kind === 'either') {
      const other = ways.at(-1 - step.over);
      for (let at = uri.length; at >= 0; at -= 1) if (next[at] === 1 || other?.[at] === 1) here[at] = 1;
    } else {
      let more = false;
      for (let at = uri.length; at >= 0; at -= 1) {
        more = at < uri.length && !step.excluded.includes(uri.charAt(at)) && (more || next[at + 1] === 1);
        if (more || (step.empty && next[at] === 1)) here[at] = 1;
      }
    }
    ways.push(here);
    next = here;
  }
  return ways.reverse();
}

/**
 * Compiles a template. The config check reports malformed ones; here a brace without a matching one is a literal.
 *
 * @example compileUriTemplate('users://{id}/posts/{post}').match('users://7/posts/a%20b') // { id: '7', post: 'a b' }
 */
export function compileUriTemplate(template: string): UriMatcher {
  const variables: string[] = [];
  const steps: Step[] = [];
  for (const part of template.split(/(\{[^{}]+\})/)) {
    if (/^\{[^{}]+\}$/.test(part)) expression(part.slice(1, -1), steps, variables);
    else if (part !== '') steps.push({ kind: 'text', text: part });
  }
  const [start] = steps;
  const prefix = start?.kind === 'text' ? start.text : '';
  return {
    variables,
    match(uri) {
      if (uri.length > MAX_URI_LENGTH || !uri.startsWith(prefix)) return undefined;
      const ways = waysToTheEnd(steps, uri);
      if (ways[0]?.[0] !== 1) return undefined;
      const values: Record<string, string> = {};
      let at = 0;
      let over = 0;
      for (const [index, step] of steps.entries()) {
        const next = ways[index + 1];
        if (over > 0) over -= 1;
        else if (step.kind === 'text') {
          at += step.text.length;
          if (step.names !== undefined) values[step.names] = '';
        } else if (step.kind === 'either') {
          if (next?.[at] !== 1) over = step.over;
        } else {
          let end = at;
          for (let seen = at; seen < uri.length && !step.excluded.includes(uri.charAt(seen)); seen += 1) {
            if (next?.[seen + 1] === 1) end = seen + 1;
          }
          const value = decode(uri.slice(at, end));
          if (value === undefined) return undefined;
          values[step.name] = value;
          at = end;
        }
      }
      return values;
    },
  };
}
