/**
 * `call`: runs one function of the config, recorded like every call.
 */
import { pathToFileURL } from 'node:url';

import type { FunctionDefinition, JsonObject } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { didYouMean } from '../near.js';
import { readConfigFile } from '../runtime/config-file.js';
import { createRuntime } from '../runtime/runtime.js';
import { guardStdout } from '../runtime/stdout-guard.js';
import { findConfig } from '../settings/places.js';
import { shownPath } from '../terminal/text.js';
import { readArguments } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import type { ClientHandlers } from './local-client.js';
import { connectLocally } from './local-client.js';
import { askForm } from './questions.js';
import { resultText } from './result-text.js';

const CANCELLED = 130;

/** A request that calls a function. */
interface CallRequest {
  method: string;
  params: JsonObject;
}

/** A template's URI with its variables filled in; only plain `{name}` is. */
function expand(template: string, given: JsonObject): string {
  return template.replace(/\{([^{}]+)\}/g, (expression, name: string) => {
    if (!/^[\w.%]+$/.test(name)) throw new Failure(`${expression} of ${template} is not filled in here: give the whole URI`);
    const value = given[name];
    if (value === undefined)
      throw new Failure(`${template} wants a value for "${name}": write ${name}=value, or give the whole URI`);
    return encodeURIComponent(String(value));
  });
}

/** From a name or URI and the words after it to a request. */
function requestOf(name: string, words: readonly string[], functions: readonly FunctionDefinition[], file: string): CallRequest {
  const definition = functions.find((entry) => entry.name === name || (entry.kind === 'resource' && entry.uri === name));
  const given = readArguments(words, definition);
  switch (definition?.kind) {
    case 'tool':
      return { method: 'tools/call', params: { name, arguments: given } };
    case 'prompt':
      return { method: 'prompts/get', params: { name, arguments: given } };
    case 'resource':
      return { method: 'resources/read', params: { uri: definition.uri } };
    case 'resource_template':
      return { method: 'resources/read', params: { uri: expand(definition.uriTemplate, given) } };
    case undefined: {
      // It may be of a template; the daemon knows.
      if (/^[a-z][a-z0-9+.-]*:/i.test(name)) return { method: 'resources/read', params: { uri: name } };
      const known = functions.map((entry) => entry.name);
      throw new Failure(`${shownPath(file)} has nothing called "${name}"${didYouMean(name, known) || '; see "mcp-daemon list"'}`);
    }
  }
}

/** What the function may ask of us, and tell us. */
function handlersOf(context: CommandContext): ClientHandlers {
  const { note, paintNote } = context;
  return {
    async onRequest(method, params) {
      if (method === 'elicitation/create') return askForm(params, context);
      if (method === 'roots/list') return { roots: [{ uri: pathToFileURL(process.cwd()).href }] };
      throw new Error('"mcp-daemon call" has no model to ask');
    },
    onNotification(method, params) {
      if (method === 'notifications/progress') {
        const { progress, total, message } = params;
        const share = total === undefined ? String(progress) : `${String(progress)}/${String(total)}`;
        note(paintNote('dim', `… ${share}${message === undefined ? '' : ` ${String(message)}`}`));
      } else if (method === 'notifications/message') {
        const { level, data } = params;
        note(paintNote('dim', `[${String(level)}] ${typeof data === 'string' ? data : JSON.stringify(data)}`));
      }
    },
  };
}

/** Calls one function and prints its result. */
export const call: Command<{ name: string; arguments: readonly string[]; json: boolean }> = async (args, context) => {
  const { settings, env, note, paintNote, interactive } = context;
  const file = findConfig(settings);
  const config = readConfigFile(file);
  const { method, params } = requestOf(args.name, args.arguments, config.definition.functions, file);

  const { output, guardChildren } = guardStdout();
  const pretty = process.stderr.isTTY === true;
  // On this way the reader is at the terminal: what is worth a line is a warning.
  const level = 'log-level' in context.given || env['LOG_LEVEL'] ? settings.logLevel : 'warn';
  const logger = createLogger({ level, pretty, colour: paintNote('bold', '') !== '' });
  const { daemon } = createRuntime({ settings, env, config, file, logger, beforeCode: guardChildren });
  try {
    const capabilities: JsonObject = interactive ? { elicitation: { form: {} }, roots: {} } : { roots: {} };
    const client = await connectLocally(daemon, capabilities, handlersOf(context));
    let interrupted = false;
    process.once('SIGINT', () => {
      interrupted = true;
      client.cancel();
    });
    let result: JsonObject;
    try {
      result = await client.request(method, { ...params, _meta: { progressToken: 'call' } });
    } catch (error) {
      if (!interrupted) throw error;
      note(paintNote('dim', 'cancelled'));
      return CANCELLED;
    }
    const text = args.json ? JSON.stringify(result, null, 2) : resultText(result);
    output.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
    if (result['isError'] !== true) return 0;
    if (!interactive && text.includes('supports elicitation'))
      note('It wants to ask something, and there is no terminal to ask on.');
    return 1;
  } finally {
    await daemon.close({ drainMs: 1_000 });
  }
};
