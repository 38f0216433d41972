/**
 * What the client answered to the questions of a function, in the record of the call: a replay gives the same answers. They are in
 * the `_meta` of the recorded result, so that every store keeps them; clients never get them.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { APPROVAL } from '../input/asker.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Key in the `_meta` of a recorded result: the answers by the names of the questions. */
export const ANSWERS = 'io.mcp-daemon/answers';

/** Whether the record policy keeps answers. A policy that redacts anything does not say what of an answer is secret. */
const keepsAnswers = ({ record }: FunctionDefinition): boolean =>
  record === undefined || (record.bodies === 'all' && record.redact.length === 0);

/**
 * A recorded result with the answers that led to it. The approval of a call is not one of them: it is asked for again.
 *
 * @param content the result, as its record keeps it
 * @param inputs the answers by the names of the questions
 * @returns the content itself, if there are no answers or the policy does not keep them
 */
export function withAnswers(definition: FunctionDefinition, content: string | null, inputs: JsonObject): string | null {
  let has = false;
  for (const name in inputs) has ||= name !== APPROVAL;
  if (!has || content === null || !keepsAnswers(definition)) return content;
  const result = JSON.parse(content) as JsonObject;
  const { [APPROVAL]: _, ...answers } = inputs;
  const meta = isObject(result['_meta']) ? result['_meta'] : {};
  return JSON.stringify({ ...result, _meta: { ...meta, [ANSWERS]: answers } });
}

/** The answers in a recorded result; undefined: it has none. */
export function answersIn(result: unknown): JsonObject | undefined {
  const meta = isObject(result) ? result['_meta'] : undefined;
  const answers = isObject(meta) ? meta[ANSWERS] : undefined;
  return isObject(answers) ? answers : undefined;
}
