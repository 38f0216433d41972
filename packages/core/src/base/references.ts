/**
 * References to secrets in the texts of settings: where a value is, in place of the value. They are resolved when a class is built, by
 * whoever loads its code.
 */
import { nearest } from './nearest.js';

/** Where a secret can be: an environment variable, a file, the Parameter Store of AWS Systems Manager, AWS Secrets Manager. */
export const REFERENCE_SCHEMES = ['env', 'file', 'ssm', 'secretsmanager'] as const;

/** One of {@link REFERENCE_SCHEMES}. */
export type ReferenceScheme = (typeof REFERENCE_SCHEMES)[number];

/** A reference to a secret. */
export interface Reference {
  readonly scheme: ReferenceScheme;
  /** The name of the variable, parameter or secret, or the path of the file. */
  readonly name: string;
}

/** A text that a setting is made of: as it is, or of a secret. */
export type ReferencePart = string | Reference;

/** `file://…` is a URL. A name with braces belongs to the other form. */
const WHOLE = /^(?:env:([A-Za-z_]\w*)|file:((?!\/\/)[^\s{}]+)|ssm:([^\s{}]+)|secretsmanager:([^\s{}]+))$/;
const ESCAPED = /^\\+(?=(?:env|file|ssm|secretsmanager):)/;
/** A reference inside of a text, or one that is escaped by a second `$`. */
const INSIDE = /(\$?)\$\{(env|file|ssm|secretsmanager):([^{}]*)\}/g;

/**
 * The reference that a whole text is.
 *
 * @example wholeReference('env:API_KEY') // { scheme: 'env', name: 'API_KEY' }
 */
export function wholeReference(text: string): Reference | undefined {
  const names = WHOLE.exec(text)?.slice(1);
  const at = names?.findIndex((name) => name !== undefined) ?? -1;
  const scheme = REFERENCE_SCHEMES[at];
  const name = names?.[at];
  return scheme === undefined || name === undefined ? undefined : { scheme, name };
}

/**
 * The parts of a text: it is a reference itself (`env:NAME`), has references inside (`${env:NAME}`), or has none. A backslash before a
 * whole reference, and a second `$` before one inside, make it a text: `\env:NAME` is the text `env:NAME`.
 *
 * @returns the text alone where there is no reference
 */
export function referenceParts(text: string): ReferencePart[] {
  const whole = wholeReference(text);
  if (whole !== undefined) return [whole];
  if (ESCAPED.test(text) && wholeReference(text.replace(/^\\+/, '')) !== undefined) return [text.slice(1)];
  const parts: ReferencePart[] = [];
  let end = 0;
  for (const match of text.matchAll(INSIDE)) {
    const [found, escape, scheme, name = ''] = match;
    parts.push(text.slice(end, match.index), escape === '' ? { scheme: scheme as ReferenceScheme, name } : found.slice(1));
    end = match.index + found.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== '' || parts.length === 1);
}

/** Whether a text only says where a secret is: a whole reference, or one in braces and nothing else. */
export function isReference(text: string): boolean {
  const parts = referenceParts(text);
  return parts.length === 1 && typeof parts[0] === 'object';
}

/** Other words for a scheme. Short ones are not compared by their letters: `ssh` is no misspelled `ssm`. */
const MEANT: Readonly<Record<string, ReferenceScheme>> = {
  environ: 'env',
  environment: 'env',
  envvar: 'env',
  parameterstore: 'ssm',
  awsssm: 'ssm',
  secret: 'secretsmanager',
  secrets: 'secretsmanager',
  awssecretsmanager: 'secretsmanager',
};

/** The scheme that a word was probably meant to be. */
function meantBy(word: string): ReferenceScheme | undefined {
  const folded = word.toLowerCase().replace(/[\s_-]/g, '');
  if (Object.hasOwn(MEANT, folded)) return MEANT[folded];
  const same = REFERENCE_SCHEMES.find((scheme) => scheme === folded);
  if (same !== undefined || folded.length < 8) return same;
  return nearest(folded, ['secretsmanager']) === undefined ? undefined : 'secretsmanager';
}

/** A word, a colon, and one more word: what a reference looks like, and a URL and a sentence do not. */
const ALMOST = /^\s*([A-Za-z][\w-]{1,30})\s*:\s*(?!\/\/)([^\s{}]+)\s*$/;
const ALMOST_INSIDE = /\$\{\s*([A-Za-z][\w-]{1,30})\s*:\s*([^{}]*?)\s*\}/g;

/**
 * The form of the reference that a text was probably meant to be or to have inside, where it is none as it is written. The form has no
 * part of the text, which may be a secret.
 *
 * @example misspelledReference('secretmanager:db') // secretsmanager:NAME
 */
export function misspelledReference(text: string): string | undefined {
  if (wholeReference(text) !== undefined || ESCAPED.test(text)) return undefined;
  const [, word, name] = ALMOST.exec(text) ?? [];
  const scheme = word === undefined ? undefined : meantBy(word);
  if (scheme !== undefined && wholeReference(`${scheme}:${name}`) !== undefined) return formOf(scheme);
  for (const [found, inside = '', rest] of text.matchAll(ALMOST_INSIDE)) {
    const wanted = meantBy(inside);
    if (wanted !== undefined && found !== `\${${wanted}:${rest}}`) return `\${${formOf(wanted)}}`;
  }
  return undefined;
}

const formOf = (scheme: ReferenceScheme): string => `${scheme}:${scheme === 'file' ? 'PATH' : 'NAME'}`;
