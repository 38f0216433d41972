/** Values of functions in other languages, which write some values in another way than JavaScript does. */

/**
 * What a function of another language returned, with the text that its language makes of it: Python writes `5.0`, `True`,
 * `[1, 'a']`. Runners return it instead of the value itself, where the two differ.
 */
export class ForeignValue {
  /**
   * @param value the value as data; undefined: the function returned nothing
   * @param text used where the result is text: see `return_type`
   */
  constructor(
    readonly value: unknown,
    readonly text: string,
  ) {}
}

/** The value as data. */
export const dataOf = (value: unknown): unknown => (value instanceof ForeignValue ? value.value : value);
