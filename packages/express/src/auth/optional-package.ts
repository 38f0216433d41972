/** Packages that only some ways of authentication need. They are optional peer dependencies, loaded at their first use. */
import { DaemonError } from '@mcp-daemon/core';

/** Node's codes for a package that is not installed, in an ES module and in CommonJS. */
const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** Whether the package itself is missing. An installed package whose own dependency is missing fails for another reason. */
const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error && NOT_FOUND.has((error as NodeJS.ErrnoException).code) && error.message.includes(`'${name}'`);

/**
 * Loads an optional package.
 *
 * @param name the package, as it is installed
 * @param purpose what needs it, for the error message
 * @param load imports it: a literal `import('...')`, so that bundlers find the name
 * @throws DaemonError `usage` if the package is not installed; the message says what to install
 */
export async function loadOptional<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new DaemonError('usage', `${purpose} needs the package ${name}, which is not installed: run "npm install ${name}"`, {
      cause: error,
    });
  }
}
