/** Words for a shell, in commands that the user can copy. */

/** A word, quoted where needed. */
export const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
