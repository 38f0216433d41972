/**
 * Every setting of the command line, as one table: its flag, its environment variable, its default and its range. Parsing,
 * help and completion are made from it. A flag wins over the variable, the variable over the default.
 */
import { UsageError } from '../errors.js';
import type { ChoiceSetting, NumberSetting, Setting } from './setting.js';
import { HTTP_SETTINGS } from './settings-http.js';

const NO_DYNAMODB = 'it is not available in this version; choose sqlite or memory';
/** The greatest delay that a timer takes. */
const MAX_MS = 2 ** 31 - 1;

/** All settings, by the name that the program knows them by. */
export const SETTINGS = {
  transport: {
    type: 'choice',
    flag: 'transport',
    env: 'MCP_TRANSPORT',
    group: 'Serving',
    choices: ['sse', 'stdio'],
    default: 'sse',
    synonyms: { http: 'sse', 'jsonrpc/sse': 'sse', 'streamable-http': 'sse' },
    description:
      'How clients reach the server: over HTTP, for many of them (http means the same), or on stdin and stdout, for the host that started it',
  },
  config: {
    type: 'text',
    flag: 'config',
    alias: 'c',
    env: 'MCP_CONFIG_FILE',
    group: 'Serving',
    metavar: 'FILE',
    defaultText: 'mcp.json or mcp-daemon.json in this folder',
    description: 'The config file',
  },
  watch: {
    type: 'switch',
    flag: 'watch',
    env: 'MCP_WATCH',
    group: 'Serving',
    default: true,
    description: 'Follow edits of the config file and of the code; --no-watch turns it off',
  },
  logLevel: {
    type: 'choice',
    flag: 'log-level',
    env: 'LOG_LEVEL',
    group: 'Serving',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    synonyms: { warning: 'warn', critical: 'fatal', notset: 'trace', off: 'silent', none: 'silent' },
    description: 'What is logged to stderr: as text on a terminal, as JSON lines otherwise',
  },
  ...HTTP_SETTINGS,
  store: {
    type: 'choice',
    flag: 'store',
    env: 'MCP_STORE',
    group: 'Record',
    choices: ['sqlite', 'memory'],
    default: 'sqlite',
    refused: { dynamodb: NO_DYNAMODB },
    description: 'Where the record of calls is kept',
  },
  dataDir: {
    type: 'text',
    flag: 'data-dir',
    env: 'MCP_DATA_DIR',
    group: 'Record',
    metavar: 'DIR',
    defaultText: "the user's folder for state",
    description: 'The folder of mcp-daemon.db, the record of calls',
  },
  recordMaxAgeDays: {
    type: 'number',
    flag: 'record-max-age-days',
    env: 'MCP_RECORD_MAX_AGE_DAYS',
    group: 'Record',
    min: 1,
    max: 36_500,
    default: 30,
    unit: 'DAYS',
    description: 'Older records are removed',
  },
  recordMaxCount: {
    type: 'number',
    flag: 'record-max-count',
    env: 'MCP_RECORD_MAX_COUNT',
    group: 'Record',
    min: 1,
    max: 1_000_000_000,
    default: 100_000,
    unit: 'N',
    description: 'Of more records than this, the oldest are removed',
  },
  timeoutMs: {
    type: 'number',
    flag: 'timeout-ms',
    env: 'MCP_TIMEOUT_MS',
    group: 'Limits',
    min: 1,
    max: MAX_MS,
    default: 300_000,
    unit: 'MS',
    description: 'How long a function may take, where its link in the config says nothing',
  },
  drainMs: {
    type: 'number',
    flag: 'drain-ms',
    env: 'MCP_DRAIN_MS',
    group: 'Limits',
    min: 1,
    max: MAX_MS,
    default: 30_000,
    unit: 'MS',
    description: 'How long calls under way may take after the client has left or the server was told to end',
  },
  maxMessageBytes: {
    type: 'number',
    flag: 'max-message-bytes',
    env: 'MCP_MAX_MESSAGE_BYTES',
    group: 'Limits',
    min: 1_000,
    max: 1_000_000_000,
    default: 10_000_000,
    unit: 'BYTES',
    description: 'The greatest message that is read; a greater one is refused',
  },
  pageSize: {
    type: 'number',
    flag: 'page-size',
    env: 'MCP_PAGE_SIZE',
    group: 'Limits',
    min: 1,
    max: 1_000_000,
    default: 1_000,
    unit: 'N',
    description: 'How many tools, resources or prompts a client is told at once',
  },
  stateSecret: {
    type: 'text',
    flag: 'state-secret',
    env: 'MCP_STATE_SECRET',
    group: 'Serving',
    metavar: 'SECRET',
    defaultText: 'random at each start',
    description: 'Seals what a client carries between two rounds of questions; better given as the variable',
  },
} as const satisfies Record<string, Setting>;

type Table = typeof SETTINGS;

/** The name of a setting. */
export type SettingName = keyof Table;

/** The value of each setting; a text that was not given is undefined. */
export type Settings = {
  [K in SettingName]: Table[K]['type'] extends 'number'
    ? number
    : Table[K]['type'] extends 'switch'
      ? boolean
      : Table[K]['type'] extends 'choice'
        ? string
        : string | undefined;
};

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Flags as they were given: texts, and true or false for switches. */
export type Flags = Readonly<Partial<Record<string, string | boolean>>>;

const SWITCH: Readonly<Record<string, boolean>> = {
  ...{ true: true, '1': true, yes: true, on: true },
  ...{ false: false, '0': false, no: false, off: false },
};

/** Groups that only serving over HTTP looks at. */
export const OVER_HTTP: ReadonlySet<Setting['group']> = new Set(['HTTP', 'Users']);

/** The words of a list with commas between; undefined: there is none. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));

/** The names of all settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

function choice(setting: ChoiceSetting, text: string, source: string): string {
  const word = text.toLowerCase();
  const found = setting.synonyms?.[word] ?? word;
  if (setting.choices.includes(found)) return found;
  const refused = setting.refused?.[word];
  throw new UsageError(`${source}: ${refused ?? `one of ${setting.choices.join(', ')} is wanted, got "${text}"`}`);
}

function number(setting: NumberSetting, text: string, source: string): number {
  const value = /^\d+$/.test(text.replaceAll('_', '')) ? Number(text.replaceAll('_', '')) : NaN;
  if (value >= setting.min && value <= setting.max) return value;
  throw new UsageError(`${source}: a whole number from ${setting.min} to ${setting.max} is wanted, got "${text}"`);
}

function onOff(text: string, source: string): boolean {
  const value = SWITCH[text.toLowerCase()];
  if (value === undefined) throw new UsageError(`${source}: true or false is wanted, got "${text}"`);
  return value;
}

function valueOf(setting: Setting, flags: Flags, env: Env): string | number | boolean | undefined {
  const flag = flags[setting.flag];
  if (typeof flag === 'boolean') return flag;
  // A variable that is set to nothing counts as not set: that is how a host's form leaves it.
  const variable = env[setting.env]?.trim() || undefined;
  const text = flag ?? variable;
  if (text === undefined) return setting.type === 'text' ? undefined : setting.default;
  const source = flag === undefined ? `${setting.env}=${variable}` : `--${setting.flag}`;
  switch (setting.type) {
    case 'text':
      if (text === '') throw new UsageError(`${source}: a value is missing`);
      return text;
    case 'choice':
      return choice(setting, text, source);
    case 'number':
      return number(setting, text, source);
    case 'switch':
      return onOff(text, source);
  }
}

/**
 * The values of all settings.
 *
 * @throws UsageError naming the first flag or variable that is no good
 */
export function readSettings(flags: Flags, env: Env): Settings {
  const values: Partial<Record<SettingName, string | number | boolean | undefined>> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name];
    // A sidecar inherits variables such as PORT that are meant for somebody else: they are no mistakes of its own.
    const foreign = values.transport === 'stdio' && setting.type !== 'text' && OVER_HTTP.has(setting.group);
    values[name] = valueOf(setting, flags, foreign ? {} : env);
  }
  return values as Settings;
}
