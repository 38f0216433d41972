/**
 * From a JSON Schema to the fields of a form. What a form cannot express becomes a field for JSON text, never a field that would
 * make a wrong value: a keyword is either understood whole, or the part of the schema that contains it is such a field.
 */
import type { Json, JsonObject } from '../base/json.js';
import { equalJson, isObject } from '../base/json.js';
import { areDisjoint } from './disjoint.js';
import type { Field, FieldBase, GroupField } from './field.js';

/** Keywords that hold for values of every type. */
const GENERAL = ['enum', 'const', 'allOf', 'anyOf', 'oneOf', 'not', 'if', '$ref', '$dynamicRef', '$recursiveRef', '$id'];
/** Keywords that hold for values of one type. Formats are hints, which JSON Schema does not check by default. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  array: 'items prefixItems additionalItems unevaluatedItems contains minItems maxItems uniqueItems'.split(' '),
  object: [
    ...'properties patternProperties additionalProperties unevaluatedProperties propertyNames required'.split(' '),
    ...'minProperties maxProperties dependentRequired dependentSchemas dependencies'.split(' '),
  ],
  boolean: [],
  null: [],
};
const UNDERSTOOD = new Set([
  ...'minLength maxLength pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf items minItems maxItems'.split(
    ' ',
  ),
  // The form adds no members but the declared ones, so what the schema says of others never matters.
  ...'uniqueItems properties required additionalProperties unevaluatedProperties minProperties maxProperties'.split(' '),
]);

/** Deeper schemas are recursive, or no form for people. */
const MAX_DEPTH = 8;
/** Longer texts get several lines. */
const LONG = 120;

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const numberOf = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined);
/** Leaves out the members that are undefined. */
function known<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const baseOf = (schema: JsonObject): FieldBase =>
  known({ title: textOf(schema['title']), description: textOf(schema['description']), initial: schema['default'] });

const exampleOf = (schema: JsonObject): string | undefined => {
  const [first] = Array.isArray(schema['examples']) ? (schema['examples'] as readonly Json[]) : [];
  return typeof first === 'string' || typeof first === 'number' ? String(first) : undefined;
};

/** The schema that a local reference names. */
function resolve(root: JsonObject, reference: Json | undefined): Json | undefined {
  if (typeof reference !== 'string' || (reference !== '#' && !reference.startsWith('#/'))) return undefined;
  let found: Json | undefined = root;
  for (const step of reference.split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

const typeOfValue = (value: Json): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : typeof value;

const hasType = (type: Json | undefined, value: Json): boolean =>
  type === undefined || [type].flat().some((one) => one === typeOfValue(value) || (one === 'integer' && Number.isInteger(value)));

/** A value as a user reads it in a list of choices. */
const labelOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The type that a schema without `type` is meant for. A value of that type is valid, because all keywords about it are checked. */
function guessedType(schema: JsonObject): string | undefined {
  const types = Object.keys(OF_TYPE).filter((type) => OF_TYPE[type]?.some((keyword) => keyword in schema));
  return types.length === 1 ? types[0] : undefined;
}

class Reader {
  readonly #root: JsonObject;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  field(schema: Json | undefined, depth: number): Field {
    if (!isObject(schema) || depth > MAX_DEPTH) return { kind: 'json' };
    return this.#understood(schema, depth) ?? { ...baseOf(schema), kind: 'json' };
  }

  /** Undefined: the form cannot express the schema. */
  #understood(schema: JsonObject, depth: number): Field | undefined {
    const general = GENERAL.filter((keyword) => keyword in schema && !(keyword === '$id' && depth === 0));
    const { type } = schema;
    if (general.length > 1 || (general.length === 1 && general[0] === '$id')) return undefined;
    const [keyword] = general;
    const kinds = Object.values(OF_TYPE).flat();
    // Beside one of these keywords only `type` is understood.
    if (keyword !== undefined && (kinds.some((one) => one in schema) || (type !== undefined && /Of$|ref$/i.test(keyword))))
      return undefined;
    if (keyword === '$ref') {
      const target = resolve(this.#root, schema['$ref']);
      const field = target === undefined ? undefined : this.field(target, depth + 1);
      return field === undefined ? undefined : { ...field, ...baseOf(schema) };
    }
    if (keyword === 'const') return this.#constant(schema, schema['const']);
    if (keyword === 'enum') return this.#choice(schema);
    if (keyword === 'anyOf' || keyword === 'oneOf') return this.#variants(schema, keyword, depth);
    if (keyword === 'allOf') {
      const parts = schema['allOf'];
      return Array.isArray(parts) && parts.length === 1
        ? { ...this.field(parts[0] as Json, depth + 1), ...baseOf(schema) }
        : undefined;
    }
    if (keyword !== undefined) return undefined;
    if (Array.isArray(type)) {
      const types = type as readonly Json[];
      const options = types.map((one) => ({ label: String(one), field: this.field({ ...schema, type: one }, depth + 1) }));
      const [only] = options;
      if (options.length === 1) return only?.field;
      return options.length === 0 ? undefined : { ...baseOf(schema), kind: 'variants', options };
    }
    const one = typeof type === 'string' ? type : guessedType(schema);
    return one === undefined ? undefined : this.#ofType(schema, one, depth);
  }

  #constant(schema: JsonObject, value: Json | undefined): Field | undefined {
    return value !== undefined && hasType(schema['type'], value) ? { ...baseOf(schema), kind: 'constant', value } : undefined;
  }

  #choice(schema: JsonObject): Field | undefined {
    const { enum: values, type } = schema;
    if (!Array.isArray(values)) return undefined;
    const options = (values as readonly Json[]).filter((value) => hasType(type, value));
    return options.length === 0
      ? undefined
      : { ...baseOf(schema), kind: 'choice', options: options.map((value) => ({ label: labelOf(value), value })) };
  }

  #variants(schema: JsonObject, keyword: 'anyOf' | 'oneOf', depth: number): Field | undefined {
    const parts = schema[keyword];
    if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isObject)) return undefined;
    const fields = parts.map((part) => this.field(part, depth + 1));
    // Values with titles: one list of choices.
    const constants = fields.flatMap((field) => (field.kind === 'constant' ? [field] : []));
    const differ = constants.every((one, at) => !constants.slice(0, at).some(({ value }) => equalJson(value, one.value)));
    if (constants.length === fields.length && differ) {
      const options = constants.map(({ title, value }) => ({ label: title ?? labelOf(value), value }));
      return { ...baseOf(schema), kind: 'choice', options };
    }
    // A value that two parts of a `oneOf` allow is invalid.
    if (keyword === 'oneOf' && !fields.every((one, at) => fields.slice(0, at).every((other) => areDisjoint(one, other))))
      return undefined;
    const options = fields.map((field, at) => ({ label: this.#labelOf(field, parts[at], at), field }));
    return { ...baseOf(schema), kind: 'variants', options };
  }

  #labelOf(field: Field, part: JsonObject | undefined, at: number): string {
    if (field.title !== undefined) return field.title;
    if (field.kind === 'constant') return labelOf(field.value);
    const type = part?.['type'];
    return typeof type === 'string' ? type : field.kind === 'json' ? `form ${at + 1}` : field.kind;
  }

  #ofType(schema: JsonObject, type: string, depth: number): Field | undefined {
    const keywords = OF_TYPE[type === 'integer' ? 'number' : type];
    if (keywords === undefined || keywords.some((keyword) => keyword in schema && !UNDERSTOOD.has(keyword))) return undefined;
    const base = baseOf(schema);
    if (type === 'boolean') return { ...base, kind: 'flag' };
    if (type === 'null') return { ...base, kind: 'constant', value: null };
    if (type === 'array') return this.#list(schema, base, depth);
    if (type === 'object') return this.#group(schema, base, depth);
    const number = (name: string): number | undefined => numberOf(schema[name]);
    if (type === 'string') {
      const format = textOf(schema['format']);
      const sizes = { minLength: number('minLength'), maxLength: number('maxLength') };
      const more = known({ format, pattern: textOf(schema['pattern']), example: exampleOf(schema), ...sizes });
      const multiline =
        (sizes.maxLength ?? 0) > LONG || String(schema['default'] ?? '').includes('\n') || 'contentMediaType' in schema;
      return { ...base, ...more, kind: 'text', multiline };
    }
    const limits = OF_TYPE['number']?.map((name) => [name, number(name)]) ?? [];
    return {
      ...base,
      ...known({ ...Object.fromEntries(limits), example: exampleOf(schema) }),
      kind: 'number',
      integer: type === 'integer',
    };
  }

  #list(schema: JsonObject, base: FieldBase, depth: number): Field | undefined {
    if (!isObject(schema['items'])) return undefined;
    return {
      ...base,
      kind: 'list',
      item: this.field(schema['items'], depth + 1),
      minItems: numberOf(schema['minItems']) ?? 0,
      maxItems: numberOf(schema['maxItems']) ?? Infinity,
      unique: schema['uniqueItems'] === true,
    };
  }

  #group(schema: JsonObject, base: FieldBase, depth: number): Field | undefined {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (!isObject(properties) || !Array.isArray(required)) return undefined;
    const names = (required as readonly Json[]).map(String);
    const undeclared = names.filter((name) => !Object.hasOwn(properties, name));
    if (undeclared.length > 0) return undefined; // what they may contain depends on other keywords
    const isFree = Object.keys(properties).length === 0 && additionalProperties !== false;
    if (isFree && depth > 0) return undefined; // any members at all: only JSON can express that
    const members: GroupField['members'] = Object.entries(properties).map(([name, part]) => ({
      name,
      required: names.includes(name),
      field: this.field(part, depth + 1),
    }));
    const [minProperties, maxProperties] = [
      numberOf(schema['minProperties']) ?? 0,
      numberOf(schema['maxProperties']) ?? Infinity,
    ];
    return { ...base, kind: 'group', members, minProperties, maxProperties };
  }
}

/**
 * The form of a schema.
 *
 * @param schema the schema of a tool's arguments, or of an answer that a tool asks for
 */
export const fieldOf = (schema: JsonObject): Field => new Reader(schema).field(schema, 0);
