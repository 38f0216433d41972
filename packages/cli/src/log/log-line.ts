/**
 * What the log and its writer have in common.
 */

/** The levels that are written. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Writes one line. `fields` holds the time at which it was said. */
export type WriteLine = (level: Level, fields: object, message: string) => void;

/** How the log looks. */
export interface LogOptions {
  /** The least level that is written: a key of pino's levels, or `silent`. */
  level: string;
  /** Text for a person instead of JSON. */
  pretty: boolean;
  colour: boolean;
}
