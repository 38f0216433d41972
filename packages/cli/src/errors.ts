/**
 * How a command ends badly: with a line for the reader and an exit code, never with a trace.
 */

/** What was asked for could not be done. Exit code 1. */
export class Failure extends Error {
  readonly exitCode: number = 1;
}

/** The command was not understood, or its settings are no good. Exit code 2. */
export class UsageError extends Failure {
  override readonly exitCode = 2;
  /** Whether a look at the help would say more. */
  readonly hint: boolean;

  constructor(message: string, options: { hint?: boolean } = {}) {
    super(message);
    this.hint = options.hint ?? true;
  }
}

/** What an error says in one line, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
