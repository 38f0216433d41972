/**
 * TypeScript types of JSON Schema literals. They know the common keywords; any other schema is `unknown`.
 */

/** A JSON Schema, as a literal. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly items?: JsonSchema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly [keyword: string]: unknown;
}

type Named<T> = T extends 'string'
  ? string
  : T extends 'number' | 'integer'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : unknown;

type Required<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

/** The members that are always present: required ones, and those with a default. */
type Present<P, R> = { [K in keyof P]: K extends R ? K : P[K] extends { readonly default: unknown } ? K : never }[keyof P];

type Members<P, R> = { -readonly [K in Present<P, R>]: TypeOf<P[K]> } & {
  -readonly [K in Exclude<keyof P, Present<P, R>>]?: TypeOf<P[K]>;
};

type Flat<T> = { [K in keyof T]: T[K] };

/** The type of the values that a schema accepts. */
export type TypeOf<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: 'object'; readonly properties: infer P }
      ? Flat<Members<P, Required<S>>>
      : S extends { readonly type: 'object' }
        ? Record<string, unknown>
        : S extends { readonly type: 'array'; readonly items: infer I }
          ? TypeOf<I>[]
          : S extends { readonly type: 'array' }
            ? unknown[]
            : S extends { readonly type: infer T }
              ? T extends readonly (infer N)[]
                ? Named<N>
                : Named<T>
              : unknown;

/** The result of a check of arguments: the value with its defaults, or what is wrong with it. */
export type CheckResult = { ok: true; value: unknown } | { ok: false; problems: readonly string[] };
