/** Reads errors. Not by `instanceof`: an error of Node may come from another realm. */

/** The `code` of an error, such as `ENOENT`; undefined if it has none. */
export const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** The message of an error, or what was thrown as text. */
export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
