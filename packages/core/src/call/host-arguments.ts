/**
 * Arguments that hosts add to the calls of tools by themselves. A closed schema refuses them, and a function that passes its
 * arguments on would pass them on too.
 */
import type { JsonObject } from '../base/json.js';

/** Each argument, and how the clients of the host that adds it name themselves. */
const ADDED = [
  // Gemini CLI writes it into the schema of every tool, and sends what its model says.
  { argument: 'wait_for_previous', client: /^gemini-cli/ },
] as const;

/** Whether a schema says something about an argument, at any depth. By schema: a schema never changes. */
const mentions = new WeakMap<object, Map<string, boolean>>();

function isMentioned(schema: JsonObject, argument: string): boolean {
  let known = mentions.get(schema);
  if (known === undefined) mentions.set(schema, (known = new Map()));
  let found = known.get(argument);
  if (found === undefined) known.set(argument, (found = JSON.stringify(schema).includes(JSON.stringify(argument))));
  return found;
}

const isClosed = (schema: JsonObject): boolean =>
  (schema['additionalProperties'] === false || schema['unevaluatedProperties'] === false) &&
  schema['patternProperties'] === undefined;

/**
 * The arguments of a call without those that a host has added. An argument that the schema says something about stays. Others are
 * dropped where the client is that host; where it is another one (a proxy has a name of its own), only if the schema is closed,
 * because the call would fail with it.
 *
 * @param input the arguments as they were sent; not changed
 * @param schema the tool's inputSchema
 * @param client the name of the client
 * @returns `input` itself where nothing is dropped
 */
export function withoutHostArguments(input: JsonObject, schema: JsonObject, client: string | undefined): JsonObject {
  let kept = input;
  for (const { argument, client: host } of ADDED) {
    if (!Object.hasOwn(kept, argument) || isMentioned(schema, argument)) continue;
    if (!host.test(client ?? '') && !isClosed(schema)) continue;
    const { [argument]: _dropped, ...others } = kept;
    kept = others;
  }
  return kept;
}
