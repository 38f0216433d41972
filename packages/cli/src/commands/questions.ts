/**
 * Asks the user on the terminal: the questions of a function, and for confirmation.
 */
import type { Interface } from 'node:readline/promises';
import { createInterface } from 'node:readline/promises';

import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import type { CommandContext } from './command.js';

type Schema = Readonly<Record<string, unknown>>;

/** The allowed values; undefined where the schema does not list them. */
function choicesOf(schema: Schema): string[] | undefined {
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String);
  const titled = schema['oneOf'] ?? schema['anyOf'];
  if (!Array.isArray(titled)) return undefined;
  return titled.flatMap((entry) => (isObject(entry) && entry['const'] !== undefined ? [String(entry['const'])] : []));
}

/** Converts an answer to the type in the schema; undefined where it does not fit. */
function convert(text: string, schema: Schema): unknown {
  const choices = choicesOf(schema);
  switch (schema['type']) {
    case 'boolean':
      return /^(y|yes|true|1)$/i.test(text) ? true : /^(n|no|false|0)$/i.test(text) ? false : undefined;
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'array':
      return text.split(',').map((part) => part.trim());
    default:
      return choices === undefined || choices.includes(text) ? text : undefined;
  }
}

/** A short text on what to type. */
function formatHint(schema: Schema): string {
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.join(' / ');
  const words: Record<string, string> = { boolean: 'y/n', integer: 'a whole number', number: 'a number', array: 'a, b, …' };
  return words[String(schema['type'])] ?? '';
}

async function askOne(terminal: Interface, name: string, schema: Schema, required: boolean): Promise<unknown> {
  const standard = schema['default'];
  const title = String(schema['title'] ?? name);
  const description = typeof schema['description'] === 'string' ? ` — ${schema['description']}` : '';
  const hints = [formatHint(schema), standard === undefined ? (required ? '' : 'optional') : `default ${String(standard)}`];
  const hint = hints.filter((part) => part !== '').join('; ');
  for (;;) {
    const text = (await terminal.question(`  ${title}${description}${hint === '' ? '' : ` (${hint})`}: `)).trim();
    if (text === '' && standard !== undefined) return standard;
    if (text === '' && !required) return undefined;
    const value = text === '' ? undefined : convert(text, schema);
    if (value !== undefined) return value;
  }
}

/** Asks for the fields of an `elicitation/create` request. The end of the input cancels. */
export async function askForm(params: JsonObject, { note, paintNote }: CommandContext): Promise<JsonObject> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  const fill = async (): Promise<JsonObject> => {
    const schema = isObject(params['requestedSchema']) ? params['requestedSchema'] : {};
    const properties = Object.entries(isObject(schema['properties']) ? schema['properties'] : {});
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    if (properties.length === 0) {
      const text = await terminal.question('  Accept? (y/n): ');
      return { action: /^y/i.test(text) ? 'accept' : 'decline', content: {} };
    }
    const content: JsonObject = {};
    for (const [name, property] of properties) {
      const value = await askOne(terminal, name, isObject(property) ? property : {}, required.includes(name));
      if (value !== undefined) content[name] = value;
    }
    return { action: 'accept', content };
  };
  note(paintNote('bold', String(params['message'] ?? 'The function asks:')));
  try {
    return (await Promise.race([fill(), closed])) ?? { action: 'cancel' };
  } finally {
    terminal.close();
  }
}

/**
 * Asks for lines, one after the other.
 *
 * @param work gets a function that asks one question and returns the line without spaces around it
 * @throws Failure at the end of the input, and whatever `work` throws
 */
export async function askLines(work: (question: (text: string) => Promise<string>) => Promise<void>): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<never>((_, reject) => {
    terminal.once('close', () => reject(new Failure('cancelled; nothing was written')));
  });
  try {
    await Promise.race([work(async (text) => (await terminal.question(text)).trim()), closed]);
  } finally {
    terminal.close();
  }
}

/** Asks a yes-or-no question. The end of the input means no. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(`${question} [y/N] `), closed])).trim());
  } finally {
    terminal.close();
  }
}
