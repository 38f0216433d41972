/**
 * The errors that end a command: a message for the user and an exit code, never a stack trace.
 */

/** The command could not do what was asked. Exit code 1. */
export class Failure extends Error {
  readonly exitCode: number = 1;
}

/** What a usage error shows below its message. */
export interface UsageHelp {
  /** The usage line, without the word "Usage"; undefined where it would not help. */
  readonly usage?: string | undefined;
  /** The command that prints the full help. */
  readonly help: string;
}

/** The command line or a setting is wrong. Exit code 2. */
export class UsageError extends Failure {
  override readonly exitCode = 2;
  /** What to show below the message; undefined if the message is complete. */
  readonly help: UsageHelp | undefined;

  /**
   * @param message what is wrong, where, and what to do
   * @param options `help`: what to show below; by default the command for the general help. `hint: false` shows nothing
   */
  constructor(message: string, options: { hint?: boolean; help?: UsageHelp } = {}) {
    super(message);
    this.help = options.hint === false ? undefined : (options.help ?? { help: 'mcp-daemon --help' });
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Alternatives as a text: `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The message for a value that is not one of the allowed words: `must be a or b, not "c"`. */
export const mustBe = (words: readonly string[], value: string): string =>
  `must be ${orList(words)}, not ${JSON.stringify(value)}`;
