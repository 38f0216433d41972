/**
 * `call`: calls one function of the config file, or of a partition of the store. The call is recorded like that of any client.
 */
import { pathToFileURL } from 'node:url';

import type { Daemon, FunctionDefinition, JsonObject } from '@mcp-daemon/core';

import { checkPartition } from '../settings/partition.js';
import { findConfig } from '../settings/paths.js';
import { SETTINGS, variableOf } from '../settings/settings.js';
import { logsText } from '../settings/settings-log.js';
import { displayPath, escapeControls } from '../terminal/text.js';
import type { CallRequest } from './call-request.js';
import type { CommandContext } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import type { ClientHandlers } from './local-client.js';
import { noPartition } from './partition-flag.js';

const isTerminal = (stream: object): boolean => 'isTTY' in stream && stream.isTTY === true;

/** The longest wait that a timer can have. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** The exit code of a call that Ctrl+C has cancelled. */
const CANCELLED = 130;

/**
 * Answers the requests of a function, and shows its progress and log messages.
 *
 * @param given answers to forms and to the model, in the order of the questions
 */
function handlersOf(context: CommandContext, given: readonly string[]): ClientHandlers {
  const { note, paintNote, interactive } = context;
  const left = [...given];
  return {
    async onRequest(method, params) {
      const isQuestion = method === 'elicitation/create' || method === 'sampling/createMessage';
      const answer = isQuestion ? left.shift() : undefined;
      if (answer !== undefined) return (await import('./answers.js')).givenAnswer(method, answer);
      if (isQuestion && !interactive) throw new Error('more questions were asked than --answer was given');
      if (method === 'sampling/createMessage') return (await import('./answers.js')).typeForModel(params, context);
      if (method === 'elicitation/create') {
        const { askForm } = await import('./questions.js');
        return askForm(params, context);
      }
      if (method === 'roots/list') return { roots: [{ uri: pathToFileURL(process.cwd()).href }] };
      throw new Error(`"mcp-daemon call" cannot answer ${method}`);
    },
    onNotification(method, params) {
      if (method === 'notifications/progress') {
        const { progress, total, message } = params;
        const share = total === undefined ? String(progress) : `${String(progress)}/${String(total)}`;
        note(paintNote('dim', escapeControls(`… ${share}${message === undefined ? '' : ` ${String(message)}`}`)));
      } else if (method === 'notifications/message') {
        const { level, data } = params;
        const text = typeof data === 'string' ? data : JSON.stringify(data);
        note(paintNote('dim', escapeControls(`[${String(level)}] ${text}`)));
      }
    },
  };
}

/** The functions of a partition of the store. @throws Failure if there is no such partition, or it cannot be read */
async function storedFunctions({ catalogs }: Daemon, partition: string): Promise<readonly FunctionDefinition[]> {
  try {
    await catalogs.check(partition);
  } catch (error) {
    // The class is not imported here: the engine is loaded when a command runs.
    if (error instanceof Error && 'code' in error && error.code === 'invalid_request') throw noPartition(partition);
    throw error;
  }
  return catalogs.status(partition)?.definition.functions ?? [];
}

/** Calls one function and prints its result. */
export const call = defineCommand({
  command: 'call <name> [arguments..]',
  description: 'Call a tool, read a resource or get a prompt',
  settings: [...STORE_FLAGS, 'config', 'envFile', 'logLevel', 'logFormat', 'timeoutMs'],
  positionals: {
    name: { type: 'string', demandOption: true, describe: 'Name of a tool, resource or prompt, or URI of a resource' },
    arguments: { type: 'string', array: true, describe: 'One JSON object, or name=value pairs' },
  },
  flags: {
    partition: textFlag('Call a function of this partition of the store', { defaultDescription: 'the config file' }),
    json: switchFlag('Print the whole result as JSON, as a host receives it'),
    answer: textFlag(
      'Answer to a question of the function: the text of a model, or the fields of a form as a JSON object; may be repeated, in the order of the questions',
      { array: true },
    ),
  },
  examples: [
    [`call hello '{"name":"Ada"}'`, 'Call a tool with arguments as JSON'],
    ['call add_numbers a=1 b=2', 'Call a tool with arguments as pairs, converted to the types in its schema'],
    [`call charge amount=500 --answer '{"action":"accept"}'`, 'Call a tool that its user must approve, and approve it'],
    ['call summarize id=7 --answer "A short text."', 'Call a tool that asks the model of its client, and answer for the model'],
    ['call status://server', 'Read a resource by its URI'],
    ['call forecast city=Oslo --partition acme', 'Call a tool of a partition of the store'],
  ],
  async run(args, context) {
    const { env, flags, note, paintNote, interactive } = context;
    // Whoever runs the command waits for the result, however long it takes.
    const settings = { ...context.settings, asyncWaitMs: MAX_WAIT_MS };
    const [{ createLogger }, { readConfigFile }, { createRuntime, partitionOf }, { guardStdout }] = await Promise.all([
      import('../log/logger.js'),
      import('../runtime/config-file.js'),
      import('../runtime/runtime.js'),
      import('../runtime/stdout-guard.js'),
    ]);
    const [{ loadEnvFile }, { requestOf }, { connectLocally }, { resultText }] = await Promise.all([
      import('../runtime/env-file.js'),
      import('./call-request.js'),
      import('./local-client.js'),
      import('./result-text.js'),
    ]);
    const stored = args.partition === undefined ? undefined : checkPartition(args.partition);
    const file = stored === undefined ? findConfig(settings) : undefined;
    const config = file === undefined ? undefined : readConfigFile(file);
    loadEnvFile(settings, file);
    const request = (functions: readonly FunctionDefinition[]): CallRequest =>
      requestOf(args.name, args.arguments ?? [], functions, file === undefined ? `partition "${stored}"` : displayPath(file));
    // A mistake in the arguments is found before anything else is loaded.
    const known =
      config === undefined || config.definition.mounts !== undefined ? undefined : request(config.definition.functions);

    const { output, guardChildren } = guardStdout();
    // On a terminal a tool's escape sequences could change its title or hide text. Other programs get the text as it is.
    const shown = (text: string): string => (isTerminal(output) ? escapeControls(text) : text);
    const pretty = logsText(settings, process.stderr.isTTY === true);
    // The user wants to read the result, so by default only warnings and errors are logged.
    const level = 'log-level' in flags || variableOf(SETTINGS.logLevel, env) !== undefined ? settings.logLevel : 'warn';
    const logger = createLogger({ level, pretty, colour: paintNote('bold', '') !== '' });
    const { daemon } = createRuntime({
      ...{ settings, env, logger },
      ...(config === undefined ? {} : { config }),
      ...(file === undefined ? {} : { file }),
      explainFailures: true,
      beforeCode: guardChildren,
    });
    try {
      const { answer: given = [] } = args;
      const answers = interactive || given.length > 0;
      const capabilities: JsonObject = answers ? { elicitation: { form: {} }, sampling: {}, roots: {} } : { roots: {} };
      const partition = stored ?? partitionOf(settings);
      const { method, params, isTask, notes = [] } = known ?? request(await storedFunctions(daemon, partition));
      for (const text of notes) note(paintNote('dim', escapeControls(text)));
      const handlers = handlersOf(context, given);
      const client = await connectLocally(daemon, partition, capabilities, handlers);
      const interrupted = new AbortController();
      process.once('SIGINT', () => {
        interrupted.abort();
        client.cancel();
      });
      let result: JsonObject;
      try {
        if (isTask === true) {
          const { callAsTask } = await import('./task-call.js');
          const status = (text: string): void => note(paintNote('dim', escapeControls(`… ${text}`)));
          result = await callAsTask({ client, handlers, capabilities, params, signal: interrupted.signal, status });
        } else result = await client.request(method, { ...params, _meta: { progressToken: 'call' } });
      } catch (error) {
        if (!interrupted.signal.aborted) throw error;
        note(paintNote('dim', 'cancelled'));
        return CANCELLED;
      }
      const text = args.json ? JSON.stringify(result, null, 2) : shown(resultText(result));
      output.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
      if (result['isError'] !== true) return 0;
      if (!answers && /supports (elicitation|sampling)/.test(text))
        note('There is no terminal to answer it on. Run the command in a terminal, or give the answers with --answer.');
      return 1;
    } finally {
      await daemon.close({ drainMs: 1_000 });
    }
  },
});
