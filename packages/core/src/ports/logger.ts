/** The port of loggers. */

/** Gets the log messages of the daemon. `console`, pino and similar loggers fit. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
