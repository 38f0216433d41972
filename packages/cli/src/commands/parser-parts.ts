/**
 * What the sections of the command line have in common: the flags of settings, and how given flags are read.
 */
import type { Argv } from 'yargs';

import type { Launch } from '../hosts/entry.js';
import type { Setting } from '../settings/setting.js';
import type { Flags, SettingName } from '../settings/settings.js';
import { OVER_HTTP, SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import type { Command } from './command.js';

/** What is done with a parsed command line. */
export interface CommandRunner {
  /** How this program is started again. */
  launch(command: string | undefined): Launch;
  serve(flags: Flags): Promise<void>;
  run<A>(command: Command<A>, args: A, given: Readonly<Record<string, string | boolean>>): Promise<void>;
}

/** What yargs has parsed: texts, and true or false for switches. */
export type Parsed = Record<string, unknown>;

/** Declares a setting as a flag of every command. */
export function declare(parser: Argv, name: SettingName): Argv {
  const setting: Setting = SETTINGS[name];
  const standard = setting.type === 'text' ? setting.defaultText : String(setting.default);
  const values = setting.type === 'choice' && setting.choices.length > 1 ? `: ${setting.choices.join(', ')}` : '';
  const metavar = setting.type === 'number' ? ` (${setting.unit.toLowerCase()})` : '';
  return parser.option(setting.flag, {
    ...(setting.alias === undefined ? {} : { alias: setting.alias }),
    describe: `${setting.description}${values}${setting.type === 'number' && !/^n$/i.test(setting.unit) ? metavar : ''} [${setting.env}]`,
    group: `${setting.group}:`,
    ...(standard === undefined ? {} : { defaultDescription: standard }),
    ...(setting.type === 'switch' ? { boolean: true } : { requiresArg: true, nargs: 1 }),
  });
}

/** Of a flag that was given more than once, the last. */
const last = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/** The flags of settings that were given. */
export function givenOf(argv: Parsed): Record<string, string | boolean> {
  const given: Record<string, string | boolean> = {};
  for (const name of SETTING_NAMES) {
    const { flag } = SETTINGS[name];
    const value = last(argv[flag]);
    if (typeof value === 'boolean') given[flag] = value;
    else if (value !== undefined) given[flag] = String(value);
  }
  return given;
}

/** Leaves only those settings in a command's help that it looks at. */
export function about(parser: Argv, ...names: SettingName[]): Argv {
  for (const name of SETTING_NAMES) if (!names.includes(name)) parser.hide(SETTINGS[name].flag);
  return parser;
}

/** Leaves those settings in the help that a sidecar looks at and a host's file may hold. */
export function aboutSidecars(parser: Argv): Argv {
  return about(
    parser,
    ...SETTING_NAMES.filter((name) => !OVER_HTTP.has(SETTINGS[name].group) && name !== 'transport' && name !== 'stateSecret'),
  );
}

/** The text of a flag; of one that was given more than once, of the last. */
export const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(last(value)));
/** The flag by which a command prints JSON. */
export const json = (parser: Argv, what: string): Argv =>
  parser.option('json', { boolean: true, default: false, describe: what });

/** The members that are there. */
export function present<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
