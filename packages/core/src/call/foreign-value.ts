/** Values of functions in other languages and processes, which come with texts that this process would have to make. */

/**
 * What a function of another language returned, with the text that its language makes of it: Python writes `5.0`, `True`,
 * `[1, 'a']`. Runners return it instead of the value itself, where the two differ.
 */
export class ForeignValue {
  /**
   * @param value the value as data; undefined: the function returned nothing
   * @param text used where the result is text: see `return_type`
   * @param json the text as JSON, if it is known: encoding a long text takes longer than all else. It must be exactly one JSON string
   */
  constructor(
    readonly value: unknown,
    readonly text: string,
    readonly json?: string,
  ) {}
}

/** The value as data. */
export const dataOf = (value: unknown): unknown => (value instanceof ForeignValue ? value.value : value);
