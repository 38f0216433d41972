/** Builds the programs of child processes. @returns the files by name */
export function makePrograms(): Promise<Map<string, Uint8Array>>;
/** Builds the programs into a folder. */
export function writePrograms(folder: string): Promise<void>;
