/**
 * Asks for a new password: on a terminal twice and without showing it, or from the first line of stdin.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { Failure, UsageError } from '../errors.js';
import type { CommandContext } from './command.js';

/** No password is as long. */
const MAX_BYTES = 10_000;

/** Lines typed on the terminal, of which nothing is shown; fewer than asked for where the input ends before. */
async function typed(questions: readonly string[]): Promise<string[]> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  const lines = terminal[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const question of questions) {
      process.stderr.write(question);
      const line = await lines.next();
      process.stderr.write('\n'); // the one that was typed is not shown, either
      if (line.done === true) break;
      answers.push(line.value);
    }
  } finally {
    terminal.close();
  }
  return answers;
}

/** The first line of stdin. @throws UsageError where it is no text */
async function piped(): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.includes('\n') || bytes.length > MAX_BYTES) break;
  }
  const end = bytes.indexOf('\n');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(end === -1 ? bytes : bytes.subarray(0, end)).replace(/\r$/, '');
  } catch {
    // Nobody could type what would become of it.
    throw new UsageError('--password-stdin: the first line of stdin is not UTF-8', { hint: false });
  }
}

/**
 * A new password.
 *
 * @throws UsageError where there is none to be had, Failure where it was typed in two ways
 */
export async function newPassword(username: string, fromStdin: boolean, { interactive }: CommandContext): Promise<string> {
  if (fromStdin) {
    const password = await piped();
    if (password === '') throw new UsageError('--password-stdin: the first line of stdin is empty', { hint: false });
    return password;
  }
  if (!interactive)
    throw new UsageError('there is no terminal to ask for the password on; pipe it in, and say --password-stdin', {
      hint: false,
    });
  const [first, second] = await typed([`Password for ${username}: `, 'The same again: ']);
  if (first === undefined || second === undefined) throw new Failure('nothing was changed: no password was given');
  if (first !== second) throw new Failure('nothing was changed: these were two different passwords');
  return first;
}
