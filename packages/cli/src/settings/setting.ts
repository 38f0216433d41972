/**
 * The types of settings, for the table in settings.ts.
 */

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What all settings have in common. */
export interface SettingBase {
  /** The flag, without its dashes. */
  readonly flag: string;
  readonly alias?: string;
  /** The environment variable. */
  readonly env: string;
  /** A variable that takes precedence over `env`, where other programs use that name too. */
  readonly ownEnv?: string;
  readonly description: string;
  /** The default as the help shows it, where it is not a plain value. */
  readonly defaultText?: string;
  readonly group: 'Serving' | 'HTTP' | 'Users' | 'Store' | 'Bundles' | 'Record' | 'Processes' | 'Limits';
}

/** A setting whose value is a text. */
export interface TextSetting extends SettingBase {
  readonly type: 'text';
  readonly metavar: string;
  /** Whether it is a path: `~` at its beginning is the home folder. */
  readonly path?: true;
}

/** A setting whose value is one of some words. */
export interface ChoiceSetting extends SettingBase {
  readonly type: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
  /** The words for messages and completion, if they differ from the choices. */
  readonly listed?: readonly string[];
  /** Other spellings of the choices. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Words that are known and not supported, with the end of the error message. */
  readonly refused?: Readonly<Record<string, string>>;
  /** What other programs write into `env`, if there is an `ownEnv`: it counts as not set. */
  readonly foreign?: RegExp;
}

/** A setting whose value is a whole number. */
export interface NumberSetting extends SettingBase {
  readonly type: 'number';
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit: string;
}

/** A setting that is on or off. */
export interface SwitchSetting extends SettingBase {
  readonly type: 'switch';
  readonly default: boolean;
}

/** Any setting. */
export type Setting = TextSetting | ChoiceSetting | NumberSetting | SwitchSetting;
