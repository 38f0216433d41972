/** Fills in a URI template (RFC 6570) with texts, as far as a form offers its variables. */
import type { JsonObject } from '../base/json.js';

/** How each operator writes its variables: what comes first, between them, and whether their names are written. */
const OPERATORS: Readonly<Record<string, { first: string; between: string; named: boolean; reserved: boolean }>> = {
  '': { first: '', between: ',', named: false, reserved: false },
  '+': { first: '', between: ',', named: false, reserved: true },
  '#': { first: '#', between: ',', named: false, reserved: true },
  '.': { first: '.', between: '.', named: false, reserved: false },
  '/': { first: '/', between: '/', named: false, reserved: false },
  ';': { first: ';', between: ';', named: true, reserved: false },
  '?': { first: '?', between: '&', named: true, reserved: false },
  '&': { first: '&', between: '&', named: true, reserved: false },
};

/** Everything but unreserved characters is encoded, which `encodeURIComponent` does not do for five of them. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** The names of the variables of a template, each once. */
export function variablesOf(template: string): string[] {
  const names = [...template.matchAll(/\{[+#./;?&]?([^}]+)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.replace(/(\*|:\d+)$/, '')),
  );
  return [...new Set(names)];
}

/** The URI of a template. Variables without a value are left out. */
export function expand(template: string, values: JsonObject): string {
  return template.replace(/\{([+#./;?&]?)([^}]+)\}/g, (_, operator: string, list: string) => {
    const { first = '', between = ',', named = false, reserved = false } = OPERATORS[operator] ?? {};
    const parts = list.split(',').flatMap((spec) => {
      const [, name = '', length] = /^([^*:]+)(?::(\d+)|\*)?$/.exec(spec) ?? [];
      const given = Object.hasOwn(values, name) ? values[name] : undefined;
      if (given === undefined || given === null) return [];
      const whole = typeof given === 'string' ? given : JSON.stringify(given);
      const text = length === undefined ? whole : [...whole].slice(0, Number(length)).join('');
      const encoded = reserved ? encodeURI(text) : encode(text);
      return [named ? `${name}${encoded === '' && operator === ';' ? '' : `=${encoded}`}` : encoded];
    });
    return parts.length === 0 ? '' : first + parts.join(between);
  });
}
