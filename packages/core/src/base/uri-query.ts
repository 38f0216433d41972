/**
 * Matches queries: their parameters may come in any order, and parameters that are not known are ignored.
 */
import { decodeValue } from './uri-steps.js';

/** Reads the variables of a query into `values`; false if a fixed parameter is missing, or a value cannot be decoded. */
export type QueryMatcher = (query: string, values: Record<string, string>) => boolean;

/** A variable of a query. */
export interface QueryVariable {
  readonly name: string;
  /** Whether its parameter may come several times: the values are joined with commas. */
  readonly list: boolean;
}

const NO_QUERY = '';

/**
 * Compiles the query of a template.
 *
 * @param fixed the literal parameters of the template, which a URI must have: `a=1&b`
 */
export function compileQuery(fixed: string, variables: readonly QueryVariable[]): QueryMatcher {
  const required = fixed.split('&').filter((parameter) => parameter !== '');
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  return (query, values) => {
    if (query === NO_QUERY) return required.length === 0;
    const parameters = query.split('&');
    if (!required.every((parameter) => parameters.includes(parameter))) return false;
    const found = new Map<string, string[]>();
    for (const parameter of parameters) {
      const equals = parameter.indexOf('=');
      const name = equals === -1 ? parameter : parameter.slice(0, equals);
      const variable = byName.get(name) ?? byName.get(decodeValue(name) ?? name);
      if (variable === undefined) continue;
      const value = decodeValue(equals === -1 ? '' : parameter.slice(equals + 1));
      if (value === undefined) return false;
      const before = found.get(variable.name);
      if (before === undefined) found.set(variable.name, [value]);
      else if (variable.list) before.push(value);
    }
    for (const [name, all] of found) values[name] = all.join(',');
    return true;
  };
}
