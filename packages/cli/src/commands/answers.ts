/** Answers to the questions of a function that `call` calls: given with --answer, or typed on the terminal. */
import { createInterface } from 'node:readline/promises';

import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { escapeControls } from '../terminal/text.js';
import type { CommandContext } from './command.js';

/** The model that results of sampling name. */
const MODEL = 'mcp-daemon call';

const modelAnswer = (text: string): JsonObject => ({
  ...{ role: 'assistant', content: { type: 'text', text } },
  ...{ model: MODEL, stopReason: 'endTurn' },
});

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An answer that was given with --answer.
 *
 * @param text for a model: what it says, or its whole result as a JSON object with `role`; for a form: its fields as a JSON object,
 *   or the whole result with `action`
 * @throws Failure if it does not fit the question
 */
export function givenAnswer(method: string, text: string): JsonObject {
  const value = objectIn(text);
  if (method === 'sampling/createMessage') return value !== undefined && 'role' in value ? value : modelAnswer(text);
  if (value === undefined) throw new Failure(`--answer: the answer to a form must be a JSON object, not ${JSON.stringify(text)}`);
  return typeof value['action'] === 'string' ? value : { action: 'accept', content: value };
}

const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map(textOf).join(' ')
    : isObject(content) && typeof content['text'] === 'string'
      ? content['text']
      : JSON.stringify(content);

/** Shows what a function asks the model of its client, and lets the user type what the model says. @throws Failure at the end of input */
export async function typeForModel(params: JsonObject, { note, paintNote }: CommandContext): Promise<JsonObject> {
  note(paintNote('bold', 'The function asks the model of its client. Type what the model answers.'));
  const { systemPrompt, messages } = params;
  if (typeof systemPrompt === 'string') note(escapeControls(`  system: ${systemPrompt}`));
  for (const message of Array.isArray(messages) ? (messages as unknown[]) : [])
    if (isObject(message)) note(escapeControls(`  ${String(message['role'])}: ${textOf(message['content'])}`));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  try {
    const text = await Promise.race([terminal.question('  assistant: '), closed]);
    if (text === undefined) throw new Failure('the model gave no answer');
    return modelAnswer(text);
  } finally {
    terminal.close();
  }
}
