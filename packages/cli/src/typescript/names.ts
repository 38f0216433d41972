/**
 * Names of types: identifiers made of the names of tools, prompts and definitions, each given once.
 */

/** Words with a meaning of their own as the name of a type, and the types that generated code refers to. */
const TAKEN =
  'any unknown never void object string number boolean bigint symbol null undefined Promise Error AbortSignal Set Object';

/**
 * Letters and digits that an identifier can have: Latin, Greek, Cyrillic, Hebrew, Arabic, Japanese, Chinese and Korean letters of the first
 * versions of Unicode. Each Node and each TypeScript has its own tables of the later ones: with those, the text would depend on the
 * Node that writes it, and an older TypeScript would refuse it.
 */
const WORDS =
  /[\w$\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u017F\u0391-\u03A1\u03A3-\u03CE\u0401-\u044F\u0451-\u045F\u05D0-\u05EA\u0621-\u063A\u3041-\u3094\u30A1-\u30FA\u4E00-\u9FA5\uAC00-\uD7A3]+/g;

/** A name as an identifier in PascalCase: `get-weather` is `GetWeather`. Without letters and digits: empty. */
export function pascalCase(name: string): string {
  const words = name.normalize('NFC').replaceAll('_', ' ').match(WORDS) ?? [];
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** Gives names. */
export interface Names {
  /**
   * Takes a name.
   *
   * @param wanted an identifier, or the later part of one
   * @returns the name, with a number at its end where it was taken before
   */
  take(wanted: string): string;
}

/** Creates the names of one file. @param reserved names that are not given */
export function createNames(reserved: readonly string[]): Names {
  const taken = new Set([...TAKEN.split(' '), ...reserved]);
  return {
    take(wanted) {
      // An identifier does not begin with a digit.
      const base = /^\d/.test(wanted) ? `_${wanted}` : wanted;
      let name = base;
      for (let count = 2; taken.has(name); count++) name = `${base}${/\d$/.test(base) ? '_' : ''}${count}`;
      taken.add(name);
      return name;
    },
  };
}
