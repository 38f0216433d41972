/** How the child program of a language is started. A further language is one file here, and its child program. */

/** What the command line of a child depends on. */
export interface CommandOptions {
  /** The path of the child program's file. */
  file: string;
  /** The folder with the code; undefined: a spare child, which learns it later. */
  root: string | undefined;
  /** Megabytes of the heap that the language's engine may use, where it has such a limit. */
  heapMb: number;
  /** Folders and files that the code may read besides its own, if the language can restrict that; undefined: not restricted. */
  readable: readonly string[] | undefined;
  /** The path of the language's program, from the settings; undefined: the usual one. */
  program: string | undefined;
}

/** A language. */
export interface RuntimeProgram {
  /** The name of the child program's file, in the folder of the children. */
  readonly file: string;
  /** The command line. */
  command(options: CommandOptions): string[];
  /** Whether a child can be started before it is known what code it loads. */
  readonly spare: boolean;
  /** What the error says if the language's program is not installed. @param program the one of the settings; undefined: the usual one */
  missing(program: string | undefined): string;
}
