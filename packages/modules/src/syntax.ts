/**
 * Finds the place of a syntax error. For an ES module, Node reports the line only when the error ends a thread, so the files are
 * parsed again in a worker thread.
 */
import { fileURLToPath } from 'node:url';

import { isTypeScript, stripperPath, stripsTypes } from './strip-types.js';

/** A place in a file. */
export interface Location {
  file: string;
  line: number;
}

const TIME_LIMIT = 2000;

const PARSER = `
const { readFileSync } = require('node:fs');
const { SourceTextModule } = require('node:vm');
const { workerData: { files, message, stripper } } = require('node:worker_threads');
const strip = (text) => stripper === undefined
  ? require('node:module').stripTypeScriptTypes(text)
  : require(stripper).transformSync(text, { mode: 'strip-only' }).code;
for (const identifier of files) {
  let wrong;
  try {
    const text = readFileSync(identifier, 'utf8');
    new SourceTextModule(/\\.[mc]?ts$/.test(identifier) ? strip(text) : text, { identifier });
  } catch (error) {
    wrong = error;
  }
  if (wrong instanceof Error && wrong.message === message) throw wrong;
}`;

/** The position in the first line of a stack, as Node writes it for a syntax error. */
export function decorated(stack: string): Location | undefined {
  const match = /^(file:\/\/.*?|\/.*?|[A-Za-z]:[\\/].*?)(?:\?[^:]*)?:(\d+)\r?\n/.exec(stack);
  if (match?.[1] === undefined) return undefined;
  return { file: match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1], line: Number(match[2]) };
}

/**
 * Finds the file and the line of a syntax error.
 *
 * @param files the files to search
 * @param message the error's message
 * @returns undefined if none of the files has this error
 */
export async function locateSyntaxError(files: readonly string[], message: string): Promise<Location | undefined> {
  const stripper = files.some(isTypeScript) && !stripsTypes() ? stripperPath() : undefined;
  const { Worker } = await import('node:worker_threads'); // loaded only when needed, to keep the start fast
  return new Promise((resolve) => {
    const worker = new Worker(PARSER, {
      eval: true,
      workerData: { files, message, stripper },
      execArgv: ['--experimental-vm-modules', '--no-warnings'],
      stdout: true,
      stderr: true,
    });
    const timer = setTimeout(() => void worker.terminate(), TIME_LIMIT);
    worker.once('error', (error: unknown) => resolve(error instanceof Error ? decorated(error.stack ?? '') : undefined));
    worker.once('exit', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}
