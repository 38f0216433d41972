/**
 * The error of a module that cannot be loaded: one line for its author, with the place in the author's file.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

import type { ModuleNames } from './locate.js';
import { shown } from './locate.js';
import type { Location } from './syntax.js';

/** A failed load. */
export interface Failure {
  error: DaemonError;
  /** Whether the source cannot be parsed: loading fails again until a file changes. */
  lasting: boolean;
}

const LONGEST_MESSAGE = 500;

const isError = (value: unknown): value is Error & { code?: unknown } =>
  value instanceof Error || (typeof value === 'object' && value !== null && 'message' in value && 'stack' in value);

const firstLine = (text: string): string => (text.trim().split(/\r?\n/, 1)[0] ?? '').slice(0, LONGEST_MESSAGE);

function messageOf(cause: unknown): string {
  if (isError(cause)) {
    const name = typeof cause.name === 'string' && cause.name !== 'Error' ? `${cause.name}: ` : '';
    return name + (firstLine(String(cause.message)) || 'no message');
  }
  try {
    return firstLine(String(cause));
  } catch {
    return 'the thrown value is not an error';
  }
}

/** The stack frame that threw, if it is in a file. Below it are frames of Node and of this package. */
function frameOf(stack: string): Location | undefined {
  for (const line of stack.split('\n')) {
    if (line.includes('(node:internal/modules') || line.includes(' node:internal/modules')) return undefined;
    const match = /(?:\(|^\s+at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\).*?)(?:\?[^:]*)?:(\d+):\d+\)?$/.exec(line);
    if (match?.[1] === undefined) continue;
    return { file: match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1], line: Number(match[2]) };
  }
  return undefined;
}

/** Whether the module has TypeScript in node_modules, where no Node loads it. */
function isInstalledTypeScript(cause: unknown): boolean {
  const code = isError(cause) ? cause.code : undefined;
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') return true;
  return code === 'ERR_UNKNOWN_FILE_EXTENSION' && /"\.[mc]?ts"/.test(String((cause as Error).message));
}

/**
 * Turns what `import()` threw into an error that says what is wrong and where.
 *
 * @param base the config file's folder, from which files are named
 * @param names the link's names
 * @param file the module's file
 * @param parts returns the files that the module consists of
 * @param cause what was thrown
 */
export async function failureOf(
  base: string,
  names: ModuleNames,
  file: string,
  parts: () => ReadonlySet<string>,
  cause: unknown,
): Promise<Failure> {
  const failed = (why: string, lasting = false): Failure => ({
    error: new DaemonError('module_failed', `module "${names.module_name}" (${shown(base, file)}) could not be loaded: ${why}`, {
      cause,
    }),
    lasting,
  });
  // This package's own error: no file of the module has made it.
  if (cause instanceof DaemonError) return failed(cause.message);
  if (isInstalledTypeScript(cause))
    return failed('Node loads no TypeScript from node_modules: install a package that contains JavaScript');
  if (extname(file) === '.json') return failed('it is JSON; functions must be in .js, .mjs or .cjs files', true);
  const stack = isError(cause) ? String(cause.stack) : '';
  // Paths in Node's own messages are absolute.
  const message = messageOf(cause).replaceAll(`${base}/`, './');
  if (isError(cause) && cause.name === 'SyntaxError') {
    const { decorated, locateSyntaxError } = await import('./syntax.js');
    const files = parts();
    const at =
      decorated(stack) ?? (frameOf(stack) === undefined ? await locateSyntaxError([...files], cause.message) : undefined);
    // A missing export is a mistake between two files: editing the other one can repair it.
    const lasting = at !== undefined && files.has(at.file) && !cause.message.startsWith('The requested module');
    if (at !== undefined) return failed(`${message} (at ${shown(base, at.file)}:${at.line})`, lasting);
  }
  const at = frameOf(stack);
  return failed(at === undefined ? message : `${message} (at ${shown(base, at.file)}:${at.line})`);
}
