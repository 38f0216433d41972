/** The fields of a form, as they are made from a JSON Schema, and what a user has entered into them. */
import type { Json } from '../base/json.js';

/** What all fields have in common. */
export interface FieldBase {
  readonly title?: string;
  readonly description?: string;
  /** What the field contains at first. */
  readonly initial?: Json;
}

/** A text. Lengths are in code points, as in JSON Schema. */
export interface TextField extends FieldBase {
  readonly kind: 'text';
  readonly format?: string;
  readonly multiline: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly example?: string;
}

/** A number. */
export interface NumberField extends FieldBase {
  readonly kind: 'number';
  readonly integer: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly example?: string;
}

/** True or false. */
export interface FlagField extends FieldBase {
  readonly kind: 'flag';
}

/** One of several values. */
export interface ChoiceField extends FieldBase {
  readonly kind: 'choice';
  readonly options: readonly { readonly label: string; readonly value: Json }[];
}

/** The one value that is allowed. */
export interface ConstantField extends FieldBase {
  readonly kind: 'constant';
  readonly value: Json;
}

/** A list of values of one kind. */
export interface ListField extends FieldBase {
  readonly kind: 'list';
  readonly item: Field;
  readonly minItems: number;
  readonly maxItems: number;
  readonly unique: boolean;
}

/** An object with known members. */
export interface GroupField extends FieldBase {
  readonly kind: 'group';
  readonly members: readonly { readonly name: string; readonly required: boolean; readonly field: Field }[];
  readonly minProperties: number;
  readonly maxProperties: number;
}

/** A value of one of several forms. */
export interface VariantsField extends FieldBase {
  readonly kind: 'variants';
  readonly options: readonly { readonly label: string; readonly field: Field }[];
}

/** Anything that the other fields cannot express, as JSON text. The form does not check it; the server does. */
export interface JsonField extends FieldBase {
  readonly kind: 'json';
}

/** Any field. */
export type Field =
  TextField | NumberField | FlagField | ChoiceField | ConstantField | ListField | GroupField | VariantsField | JsonField;

/** What a user has entered. */
export type Input =
  | { readonly kind: 'text'; readonly text: string }
  /** `on` is undefined while nothing is chosen. */
  | { readonly kind: 'flag'; readonly on: boolean | undefined }
  /** `at` is the index of an option; undefined while none is chosen. */
  | { readonly kind: 'choice'; readonly at: number | undefined }
  | { readonly kind: 'list'; readonly items: readonly Input[] }
  /** `open`: whether an optional group is sent. */
  | { readonly kind: 'group'; readonly open: boolean; readonly members: ReadonlyMap<string, Input> }
  | { readonly kind: 'variants'; readonly at: number | undefined; readonly input: Input | undefined };

/** The way from the root of a form to one of its fields. */
export type Path = readonly (string | number)[];

/** A mistake of the user. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** A path as one text: the key of a field's problem, and the end of its element's id. */
export const keyOf = (path: Path): string => path.map((step) => `/${String(step)}`).join('');
