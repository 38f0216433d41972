/**
 * The settings of the log, as a part of the table in settings.ts.
 */
import type { Setting } from './setting.js';

/** Settings of what is logged to stderr, and how. */
export const LOG_SETTINGS = {
  logLevel: {
    type: 'choice',
    flag: 'log-level',
    env: 'LOG_LEVEL',
    ownEnv: 'MCP_LOG_LEVEL',
    group: 'Serving',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    synonyms: { warning: 'warn', critical: 'fatal', notset: 'trace', off: 'silent', none: 'silent' },
    description: 'Lowest level to log, to stderr',
  },
  logFormat: {
    type: 'choice',
    flag: 'log-format',
    env: 'LOG_FORMAT',
    ownEnv: 'MCP_LOG_FORMAT',
    group: 'Serving',
    // What other programs that read the variable call these two.
    synonyms: {
      ...{ pretty: 'text', plain: 'text', console: 'text', logfmt: 'text' },
      ...{ jsonl: 'json', ndjson: 'json', structured: 'json' },
    },
    choices: ['auto', 'text', 'json'],
    // A pattern, such as "%(asctime)s %(message)s" of Python, or a name of one, as web servers have them.
    foreign: /\W|^(?:combined|common|default|dev|main|short|tiny)$/i,
    default: 'auto',
    description: 'Format of the log: text, json (JSON lines), or auto (text on a terminal, else JSON lines)',
  },
} as const satisfies Record<string, Setting>;

/**
 * Whether the log is text, and not JSON lines.
 *
 * @param settings the setting `logFormat`
 * @param isTerminal whether stderr is a terminal
 */
export const logsText = ({ logFormat }: { readonly logFormat: string }, isTerminal: boolean): boolean =>
  logFormat === 'auto' ? isTerminal : logFormat === 'text';
