/**
 * What a setting of the command line is: the words of the table in settings.ts.
 */

/** What every setting has. */
export interface SettingBase {
  /** The flag, without its dashes. */
  readonly flag: string;
  readonly alias?: string;
  /** The environment variable. */
  readonly env: string;
  readonly description: string;
  /** How the default reads in the help, where there is no plain one. */
  readonly defaultText?: string;
  readonly group: 'Serving' | 'HTTP' | 'Users' | 'Record' | 'Limits';
}

/** A setting that is a text. */
export interface TextSetting extends SettingBase {
  readonly type: 'text';
  readonly metavar: string;
}

/** A setting that is one of some words. */
export interface ChoiceSetting extends SettingBase {
  readonly type: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
  /** Other spellings of the choices. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Words that are understood and not to be had here, and what to say of them. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** A setting that is a whole number. */
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
