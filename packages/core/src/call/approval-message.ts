/** What a user reads when a call needs their approval: what will run, and with which arguments. */
import { truncate } from '../base/truncate.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Characters of a tool's description. */
const MAX_DESCRIPTION = 500;
/** Characters of one text among the arguments. */
const MAX_TEXT = 1_000;
/** Characters of all arguments. */
const MAX_ARGUMENTS = 8_000;
/** Characters of a name. */
const MAX_NAME = 200;

/**
 * Characters that change how other characters look, or that are not seen at all: text directions, joiners, tags, line separators.
 * With them the arguments could look like others.
 */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u115f\u1160\u2800\u3164\uffa0]/gu;

const escaped = (char: string): string =>
  [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

const seen = (text: string): string => text.replace(UNSEEN, escaped);

/** One line without control characters. */
const line = (text: string, max: number): string => truncate(seen(text.replace(/\s+|\p{Cc}+/gu, ' ')).trim(), max);

/** Long texts are cut, and say how long they are. */
const cutText = (_key: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_TEXT
    ? `${truncate(value, MAX_TEXT)} (${value.length} characters, cut here)`
    : value;

/** Arguments as indented JSON, with what is not shown of them. */
function shown(input: unknown): string {
  let text: string;
  try {
    text = seen(JSON.stringify(input, cutText, 2) ?? 'none');
  } catch {
    return '(nested too deeply to be shown)';
  }
  if (text.length <= MAX_ARGUMENTS) return text;
  return `${truncate(text, MAX_ARGUMENTS)}\n(${text.length} characters, cut here: not all arguments are shown)`;
}

/** What the function does, as far as its annotations say. */
function effectOf({ kind, annotations }: FunctionDefinition): string | undefined {
  if (kind !== 'tool') return undefined;
  if (annotations?.['readOnlyHint'] === true) return 'It only reads.';
  if (annotations?.['destructiveHint'] === true) return 'It may change or delete things.';
  return undefined;
}

/**
 * The question to the user.
 *
 * @param input the arguments that the function will get; redaction is for records, so they are shown whole: they are the user's own
 */
export function approvalMessage(definition: FunctionDefinition, input: unknown): string {
  const { name, title, description } = definition;
  const what = title === undefined ? `"${line(name, MAX_NAME)}"` : `"${line(title, MAX_NAME)}" (${line(name, MAX_NAME)})`;
  const about = [description === undefined ? undefined : line(description, MAX_DESCRIPTION), effectOf(definition)];
  return [`May ${what} run?`, about.filter((part) => part !== undefined && part !== '').join('\n'), `Arguments:\n${shown(input)}`]
    .filter((part) => part !== '')
    .join('\n\n');
}
