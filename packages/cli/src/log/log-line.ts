/**
 * The types that the logger and its writer share.
 */

/** The levels that are written. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Writes one line. `fields` contains the time of the log call. */
export type WriteLine = (level: Level, fields: object, message: string) => void;

/** Options of the log. */
export interface LogOptions {
  /** The lowest level that is written: a level of pino, or `silent`. */
  level: string;
  /** Text instead of JSON lines. */
  pretty: boolean;
  colour: boolean;
}
