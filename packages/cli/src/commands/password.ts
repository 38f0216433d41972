/**
 * Gets a new password: asks twice on the terminal without showing it, or reads the first line of stdin.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { Failure, UsageError } from '../errors.js';
import type { CommandContext } from './command.js';

/** Longer than any password. */
const MAX_BYTES = 10_000;

/**
 * Reads lines from the terminal without showing them.
 *
 * @param check is called with the first answer, before the next question; what it throws ends the questions
 * @returns fewer answers than questions where the input ends early
 */
async function typed(questions: readonly string[], check: (first: string) => void): Promise<string[]> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  const lines = terminal[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const question of questions) {
      process.stderr.write(question);
      const line = await lines.next();
      process.stderr.write('\n'); // the line break that was typed is not shown either
      if (line.done === true) break;
      answers.push(line.value);
      if (answers.length === 1) check(line.value);
    }
  } finally {
    terminal.close();
  }
  return answers;
}

/** The first line of stdin. @throws UsageError if it is not UTF-8 */
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
    // A password with replacement characters could not be typed later.
    throw new UsageError('--password-stdin: the first line of stdin is not UTF-8', { hint: false });
  }
}

/**
 * Gets a new password.
 *
 * @param check throws where a password is not allowed; called before it has to be typed a second time
 * @throws UsageError if there is none, Failure if the two that were typed differ, or what `check` throws
 */
export async function newPassword(
  username: string,
  { fromStdin, check }: { fromStdin: boolean; check: (password: string) => void },
  { interactive }: CommandContext,
): Promise<string> {
  if (fromStdin) {
    const password = await piped();
    if (password === '') throw new UsageError('--password-stdin: the first line of stdin is empty', { hint: false });
    check(password);
    return password;
  }
  if (!interactive)
    throw new UsageError('no terminal to ask for the password. Pipe the password to stdin and pass --password-stdin', {
      hint: false,
    });
  const [first, second] = await typed([`Password for ${username}: `, 'Repeat password: '], check);
  if (first === undefined || second === undefined) throw new Failure('no password entered; nothing was changed');
  if (first !== second) throw new Failure('the passwords do not match; nothing was changed');
  return first;
}
