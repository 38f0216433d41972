/**
 * The table of all settings: flag, environment variable, default and range of each. Parsing, help and completion use it. A flag
 * takes precedence over the variable, and the variable over the default.
 */
import { mustBe, UsageError } from '../errors.js';
import { expandHome } from './expand-home.js';
import type { ChoiceSetting, Env, NumberSetting, Setting } from './setting.js';
import { BUNDLE_SETTINGS } from './settings-bundles.js';
import { CARD_SETTINGS } from './settings-cards.js';
import { HTTP_SETTINGS } from './settings-http.js';
import { LOG_SETTINGS } from './settings-log.js';
import { PROCESS_SETTINGS } from './settings-process.js';
import { QUOTA_SETTINGS } from './settings-quota.js';
import { RETRY_SETTINGS } from './settings-retries.js';
import { STORE_SETTINGS } from './settings-store.js';
import { TASK_SETTINGS } from './settings-tasks.js';

/** The greatest delay of a timer. */
const MAX_MS = 2 ** 31 - 1;

/** All settings, by their names in the program. */
export const SETTINGS = {
  transport: {
    type: 'choice',
    flag: 'transport',
    env: 'MCP_TRANSPORT',
    group: 'Serving',
    choices: ['sse', 'stdio'],
    listed: ['sse', 'http', 'stdio'],
    default: 'sse',
    synonyms: { http: 'sse', 'jsonrpc/sse': 'sse', 'streamable-http': 'sse' },
    description:
      'How clients connect: sse or http (both mean over HTTP), or stdio (stdin and stdout, for the host that starts it)',
  },
  config: {
    type: 'text',
    flag: 'config',
    alias: 'c',
    env: 'MCP_CONFIG_FILE',
    group: 'Serving',
    metavar: 'FILE',
    path: true,
    defaultText: 'mcp.json or mcp-daemon.json in this folder',
    description: 'Config file',
  },
  partition: {
    type: 'text',
    flag: 'partition',
    env: 'MCP_PARTITION',
    group: 'Serving',
    metavar: 'NAME',
    defaultText: 'default',
    description: 'Partition that the config file is served as; over stdio without a config file, the partition of the store',
  },
  // Not --env-file: Node 20 takes that flag for itself, wherever it is in the command line.
  envFile: {
    type: 'text',
    flag: 'env-from',
    env: 'MCP_ENV_FILE',
    group: 'Serving',
    metavar: 'FILE',
    path: true,
    defaultText: 'none',
    description: "File of environment variables, such as .env; a relative path starts at the config file's folder",
  },
  watch: {
    type: 'switch',
    flag: 'watch',
    env: 'MCP_WATCH',
    group: 'Serving',
    default: true,
    description: 'Reload the config file and the code when they change; --no-watch turns it off',
  },
  fixtures: {
    type: 'text',
    flag: 'fixtures',
    env: 'MCP_FIXTURES',
    group: 'Serving',
    metavar: 'FILE',
    path: true,
    defaultText: 'none',
    description:
      'Answer from recorded calls in place of running functions: a file of "calls export --fixture". Exit code 3 if a call was not recorded',
  },
  fixtureTiming: {
    type: 'switch',
    flag: 'fixture-timing',
    env: 'MCP_FIXTURE_TIMING',
    group: 'Serving',
    default: false,
    description: 'With --fixtures: let answers take as long as the recorded calls took',
  },
  dropHostArguments: {
    type: 'switch',
    flag: 'drop-host-arguments',
    env: 'MCP_DROP_HOST_ARGUMENTS',
    group: 'Serving',
    default: true,
    description:
      'Drop arguments that hosts add to calls, such as wait_for_previous of Gemini CLI, where the schema of the tool does not have them',
  },
  ...LOG_SETTINGS,
  ...HTTP_SETTINGS,
  ...CARD_SETTINGS,
  ...STORE_SETTINGS,
  ...BUNDLE_SETTINGS,
  recordMaxAgeDays: {
    type: 'number',
    flag: 'record-max-age-days',
    env: 'MCP_RECORD_MAX_AGE_DAYS',
    group: 'Record',
    min: 1,
    max: 36_500,
    default: 30,
    unit: 'DAYS',
    description: 'Remove records older than this',
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
    description: 'Remove the oldest records beyond this number',
  },
  recordMaxBytes: {
    type: 'number',
    flag: 'record-max-bytes',
    env: 'MCP_RECORD_MAX_BYTES',
    group: 'Record',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 1_000_000_000,
    unit: 'BYTES',
    description: 'Remove the oldest records while the file is larger than this; 0 for no limit',
  },
  recordMaxBodyBytes: {
    type: 'number',
    flag: 'record-max-body-bytes',
    env: 'MCP_RECORD_MAX_BODY_BYTES',
    group: 'Record',
    min: 2_000,
    max: 500_000_000,
    default: 1_000_000,
    unit: 'BYTES',
    description: 'Of larger arguments and results, record only the beginning, the size and the SHA-256',
  },
  ...PROCESS_SETTINGS,
  timeoutMs: {
    type: 'number',
    flag: 'timeout-ms',
    env: 'MCP_TIMEOUT_MS',
    group: 'Limits',
    min: 1,
    max: MAX_MS,
    default: 300_000,
    unit: 'MS',
    description: 'Time limit of a call, if its link in the config file has no timeout_ms',
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
    description: 'How long to wait for running calls at shutdown, or after the client has left',
  },
  ...QUOTA_SETTINGS,
  ...RETRY_SETTINGS,
  ...TASK_SETTINGS,
  maxMessageBytes: {
    type: 'number',
    flag: 'max-message-bytes',
    env: 'MCP_MAX_MESSAGE_BYTES',
    group: 'Limits',
    min: 1_000,
    max: 1_000_000_000,
    default: 10_000_000,
    unit: 'BYTES',
    description: 'Size limit of a message from a client',
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
    description: 'Tools, resources or prompts per page of a list',
  },
  stateSecret: {
    type: 'text',
    flag: 'state-secret',
    env: 'MCP_STATE_SECRET',
    group: 'Serving',
    metavar: 'SECRET',
    defaultText: 'kept in the data folder; random with another store than SQLite, and over stdio',
    description:
      "Key that encrypts session ids, and the state a client holds while it answers your function's questions; prefer the environment variable",
  },
} as const satisfies Record<string, Setting>;

export type { Env } from './setting.js';

type Table = typeof SETTINGS;

/** The name of a setting. */
export type SettingName = keyof Table;

/** The value of each setting; a text setting that was not given is undefined. */
export type Settings = {
  [K in SettingName]: Table[K]['type'] extends 'number'
    ? number
    : Table[K]['type'] extends 'switch'
      ? boolean
      : Table[K]['type'] extends 'choice'
        ? string
        : string | undefined;
};

/** Flags as they were given: texts, and true or false for switches. */
export type Flags = Readonly<Partial<Record<string, string | boolean>>>;

const SWITCH: Readonly<Record<string, boolean>> = {
  ...{ true: true, '1': true, yes: true, on: true },
  ...{ false: false, '0': false, no: false, off: false },
};

/** Groups of settings that only the HTTP server uses. */
export const HTTP_GROUPS: ReadonlySet<Setting['group']> = new Set(['HTTP', 'Users']);

/** The parts of a comma-separated list; undefined where there is no list. */
export const parseList = (text: string | undefined): string[] | undefined =>
  text?.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));

/** The names of all settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

function choice(setting: ChoiceSetting, text: string, source: string): string {
  const word = text.toLowerCase();
  const found = setting.synonyms?.[word] ?? word;
  if (setting.choices.includes(found)) return found;
  const refused = setting.refused?.[word];
  throw new UsageError(`${source}: ${refused ?? mustBe(setting.listed ?? setting.choices, text)}`);
}

function number(setting: NumberSetting, text: string, source: string): number {
  const value = /^\d+$/.test(text.replaceAll('_', '')) ? Number(text.replaceAll('_', '')) : NaN;
  if (value >= setting.min && value <= setting.max) return value;
  throw new UsageError(`${source}: must be a whole number from ${setting.min} to ${setting.max}, not "${text}"`);
}

function booleanOf(text: string, source: string): boolean {
  const value = SWITCH[text.toLowerCase()];
  if (value === undefined) throw new UsageError(`${source}: must be true or false, not "${text}"`);
  return value;
}

/** Whether a value is meant for other programs, which use the same variable. */
const isForeign = (setting: Setting, name: string, text: string): boolean =>
  setting.type === 'choice' && name !== setting.ownEnv && setting.ownEnv !== undefined && setting.foreign?.test(text) === true;

/** The variable that gives a setting its value, and its text; undefined where there is none. */
export function variableOf(setting: Setting, env: Env): { name: string; text: string } | undefined {
  for (const name of setting.ownEnv === undefined ? [setting.env] : [setting.ownEnv, setting.env]) {
    // An empty variable counts as not set, because the forms of hosts leave empty variables behind.
    const text = env[name]?.trim();
    if (text && !isForeign(setting, name, text)) return { name, text };
  }
  return undefined;
}

/** How a message names a variable and its value. Names that other programs use too need the word "environment". */
const sourceOf = ({ ownEnv }: Setting, { name, text }: { name: string; text: string }): string =>
  ownEnv === undefined || ownEnv === name ? `${name}=${text}` : `${name} in the environment says "${text}"`;

function valueOf(setting: Setting, flags: Flags, env: Env, home: Env): string | number | boolean | undefined {
  const flag = flags[setting.flag];
  if (typeof flag === 'boolean') return flag;
  const variable = variableOf(setting, env);
  const text = flag ?? variable?.text;
  if (text === undefined) return setting.type === 'text' ? undefined : setting.default;
  const source = flag !== undefined || variable === undefined ? `--${setting.flag}` : sourceOf(setting, variable);
  switch (setting.type) {
    case 'text':
      if (text === '') throw new UsageError(`missing value for ${source}`);
      return setting.path ? expandHome(text, home, source) : text;
    case 'choice':
      return choice(setting, text, source);
    case 'number':
      return number(setting, text, source);
    case 'switch':
      return booleanOf(text, source);
  }
}

/**
 * The values of all settings.
 *
 * @throws UsageError with the name of the first flag or variable that is wrong
 */
export function readSettings(flags: Flags, env: Env): Settings {
  const values: Partial<Record<SettingName, string | number | boolean | undefined>> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name];
    // A stdio server inherits variables such as PORT that are meant for other programs, so it ignores them.
    const ignored = values.transport === 'stdio' && setting.type !== 'text' && HTTP_GROUPS.has(setting.group);
    values[name] = valueOf(setting, flags, ignored ? {} : env, env);
  }
  return values as Settings;
}
