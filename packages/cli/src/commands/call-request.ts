/**
 * Turns the arguments of `call` into an MCP request.
 */
import type { FunctionDefinition, JsonObject } from '@mcp-daemon/core';
import { didYouMean } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { readArguments, undeclaredArguments } from './arguments.js';

/** A request that calls a function. */
export interface CallRequest {
  method: string;
  params: JsonObject;
  /** Whether the function is a tool that answers with a task only. */
  isTask?: boolean;
  /** What the user may have mistyped. */
  notes?: readonly string[];
}

/** The URI of a template. Only plain variables such as `{name}` are filled in. */
function expand(template: string, values: JsonObject): string {
  return template.replace(/\{([^{}]+)\}/g, (expression, name: string) => {
    if (!/^[\w.%]+$/.test(name))
      throw new Failure(`cannot fill in ${expression} of ${template}: pass the whole URI instead of the name`);
    const value = values[name];
    if (value === undefined)
      throw new Failure(`missing value for "${name}" in ${template}: pass ${name}=VALUE, or the whole URI`);
    return encodeURIComponent(String(value));
  });
}

/**
 * The request for a name or URI and the arguments after it.
 *
 * @param place the config file or the partition, for messages
 * @throws UsageError if the arguments are wrong, Failure if there is no such name
 */
export function requestOf(
  name: string,
  words: readonly string[],
  functions: readonly FunctionDefinition[],
  place: string,
): CallRequest {
  const definition = functions.find((entry) => entry.name === name || (entry.kind === 'resource' && entry.uri === name));
  const values = readArguments(words, definition);
  switch (definition?.kind) {
    case 'tool':
      return {
        method: 'tools/call',
        params: { name, arguments: values },
        isTask: definition.task === 'required',
        notes: undeclaredArguments(definition, values),
      };
    case 'prompt':
      return { method: 'prompts/get', params: { name, arguments: values } };
    case 'resource':
      return { method: 'resources/read', params: { uri: definition.uri } };
    case 'resource_template':
      return { method: 'resources/read', params: { uri: expand(definition.uriTemplate, values) } };
    case undefined: {
      // A URI may match a template, which the daemon finds out.
      if (/^[a-z][a-z0-9+.-]*:/i.test(name)) return { method: 'resources/read', params: { uri: name } };
      const known = functions.map((entry) => entry.name);
      const hint = didYouMean(name, known) || '. "mcp-daemon list" shows all names';
      throw new Failure(`no tool, resource or prompt "${name}" in ${place}${hint}`);
    }
  }
}
