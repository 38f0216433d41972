/** JSON paths as text. */

const PLAIN_NAME = /^[A-Za-z_$][\w$-]*$/;

/** A step as text: `.name`, `["any name"]` or `[2]`. */
export function stepText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`;
  return PLAIN_NAME.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/**
 * A JSON path as text.
 *
 * @example pathText(['tools', 2, 'a key']) // '$.tools[2]["a key"]'
 */
export const pathText = (steps: readonly (string | number)[], base = '$'): string => base + steps.map(stepText).join('');
