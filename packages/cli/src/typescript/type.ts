/**
 * TypeScript types as data, and the functions that make them. They simplify what they are given: `unknown | string` is `unknown`,
 * `unknown & string` is `string`, and no member of a union is there twice.
 */

/** A member of an object type. */
export interface Member {
  readonly name: string;
  readonly type: Type;
  readonly isOptional: boolean;
  /** Lines of its doc comment. */
  readonly doc: readonly string[];
}

/** An element of a tuple. */
export interface Element {
  readonly type: Type;
  readonly isOptional: boolean;
}

/** An object type. */
export interface ObjectType {
  readonly kind: 'object';
  readonly members: readonly Member[];
  /** The type of all other members; absent: none are declared. */
  readonly index?: Type;
}

/** One TypeScript type. */
export type Type =
  /** A keyword or a literal, as it is written. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'union' | 'intersection'; readonly members: readonly Type[] }
  | { readonly kind: 'array'; readonly items: Type }
  | { readonly kind: 'tuple'; readonly elements: readonly Element[]; readonly rest?: Type }
  | ObjectType
  /** A type that is declared elsewhere in the file. */
  | { readonly kind: 'name'; readonly name: string };

/** A type that is written as it is. */
export const text = (written: string): Type => ({ kind: 'text', text: written });

/** The type of any value. */
export const UNKNOWN = text('unknown');
/** The type of no value. */
export const NEVER = text('never');

/** The type of any object. */
export const ANY_OBJECT: ObjectType = { kind: 'object', members: [], index: UNKNOWN };
/** The type of any array. */
export const ANY_ARRAY: Type = { kind: 'array', items: UNKNOWN };

/** Whether a type is written as this word. */
const isText = (type: Type, word: string): boolean => type.kind === 'text' && type.text === word;
/** Whether this is the type of any value. */
export const isUnknown = (type: Type): boolean => isText(type, 'unknown');

/** The members of unions in a list, in their order, each once. */
function flatten(kind: 'union' | 'intersection', types: readonly Type[]): Type[] {
  const found = new Map<string, Type>();
  for (const type of types.flatMap((each) => (each.kind === kind ? each.members : [each]))) found.set(JSON.stringify(type), type);
  return [...found.values()];
}

/** The type of a value that has one of these types. Without types: `never`. */
export function union(types: readonly Type[]): Type {
  const members = flatten('union', types).filter((type) => !isText(type, 'never'));
  const [first = NEVER] = members;
  if (members.some(isUnknown)) return UNKNOWN;
  return members.length < 2 ? first : { kind: 'union', members };
}

/** The type of a value that has all of these types. Without types: `unknown`. */
export function intersection(types: readonly Type[]): Type {
  const members = flatten('intersection', types).filter((type) => !isUnknown(type));
  const [first = UNKNOWN] = members;
  if (members.some((type) => isText(type, 'never'))) return NEVER;
  return members.length < 2 ? first : { kind: 'intersection', members };
}

/** The type of one JSON value: a literal, and of arrays and objects what they hold. */
export function literal(value: unknown): Type {
  if (Array.isArray(value)) return { kind: 'tuple', elements: value.map((item) => ({ type: literal(item), isOptional: false })) };
  if (typeof value !== 'object' || value === null) return text(JSON.stringify(value));
  const members = Object.entries(value).map(([name, member]) => ({ name, type: literal(member), isOptional: false, doc: [] }));
  // Without members `{}` would be the type of nearly everything.
  return members.length === 0 ? { kind: 'object', members, index: NEVER } : { kind: 'object', members };
}

/** The names of declared types that a type consists of, without those inside of arrays, tuples and objects. */
export function namesInPlace(type: Type): string[] {
  if (type.kind === 'name') return [type.name];
  return type.kind === 'union' || type.kind === 'intersection' ? type.members.flatMap(namesInPlace) : [];
}

/** A type without some declared types that it consists of: each becomes `unknown`. */
export function withoutNames(type: Type, names: ReadonlySet<string>): Type {
  if (type.kind === 'name') return names.has(type.name) ? UNKNOWN : type;
  if (type.kind === 'union') return union(type.members.map((member) => withoutNames(member, names)));
  if (type.kind === 'intersection') return intersection(type.members.map((member) => withoutNames(member, names)));
  return type;
}
