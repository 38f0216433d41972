/** A JSON Schema in words. */
import type { Json, JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { visibleLine } from '../base/visible.js';

/** Schemas may refer to themselves, so they are described down to this depth. */
export const MAX_DEPTH = 6;

/** The entries of a list; none where the value is not one. */
export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const show = (value: Json | undefined): string => visibleLine(JSON.stringify(value) ?? '');

/** The schema that a local reference names, with what is beside the reference. */
export function resolve(schema: JsonObject, root: JsonObject): JsonObject {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return schema;
  let found: Json | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return isObject(found) ? { ...found, ...Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$ref')) } : schema;
}

/** The type in words: `string`, `list of integer`, `string or null`, `one of 3 forms`. */
export function typeText(given: Json | undefined, root: JsonObject, depth = 0): string {
  if (!isObject(given)) return given === false ? 'nothing' : 'any value';
  if (depth > MAX_DEPTH) return '…';
  const schema = resolve(given, root);
  const { type } = schema;
  if ('const' in schema) return `always ${show(schema['const'])}`;
  if (type === 'array') return 'items' in schema ? `list of ${typeText(schema['items'], root, depth + 1)}` : 'list';
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return (type as readonly Json[]).map(String).join(' or ');
  const forms = list(schema['anyOf'] ?? schema['oneOf']);
  if (forms.length > 0) {
    const texts = [...new Set(forms.map((form) => typeText(form, root, depth + 1)))];
    return texts.length <= 3 ? texts.join(' or ') : `one of ${forms.length} forms`;
  }
  if ('properties' in schema) return 'object';
  return 'enum' in schema ? 'choice' : 'any value';
}

const RULES: readonly (readonly [string, (value: string) => string])[] = [
  ['format', (value) => `format ${value}`],
  ['pattern', (value) => `pattern ${value}`],
  ['minLength', (value) => `at least ${value} characters`],
  ['maxLength', (value) => `at most ${value} characters`],
  ['minimum', (value) => `≥ ${value}`],
  ['maximum', (value) => `≤ ${value}`],
  ['exclusiveMinimum', (value) => `> ${value}`],
  ['exclusiveMaximum', (value) => `< ${value}`],
  ['multipleOf', (value) => `multiple of ${value}`],
  ['minItems', (value) => `at least ${value} items`],
  ['maxItems', (value) => `at most ${value} items`],
];

/** The rules of a schema in words, such as `at most 10`. */
export function rulesOf(schema: JsonObject): string[] {
  const simple = RULES.flatMap(([name, say]) => {
    const value = schema[name];
    return typeof value === 'string' || typeof value === 'number' ? [say(visibleLine(String(value)))] : [];
  });
  const choices = list(schema['enum']).slice(0, 12).map(show);
  const more = list(schema['enum']).length - choices.length;
  return [
    ...simple,
    ...(choices.length > 0 ? [`one of ${choices.join(', ')}${more > 0 ? ` and ${more} more` : ''}`] : []),
    ...(schema['uniqueItems'] === true ? ['no item twice'] : []),
    ...('default' in schema ? [`default ${show(schema['default'])}`] : []),
  ];
}
