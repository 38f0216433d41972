/** Where log lines go. */

/** Where the daemon says what its operator should know. A console, pino or any logger of that shape fits. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
