/** Shows long output in the user's pager, as git does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { Env } from '../settings/settings.js';
import { columnsOfText } from './text.js';

/** What {@link printPaged} takes besides the lines. */
export interface PagerOptions {
  readonly env: Env;
  /** Whether the user wants a pager: false with `--no-pager`. */
  readonly wanted: boolean;
  /** Prints a line without a pager. */
  print(line: string): void;
}

/** The size of a terminal that does not say it. */
const [ROWS, COLUMNS] = [24, 80];
/** How a shell says that it cannot run a command. */
const [NOT_EXECUTABLE, NOT_FOUND] = [126, 127];
/** less: ends at once if all fits on the screen, shows colours, and leaves what it has shown. */
const LESS = 'FRX';

function isInPath(program: string, env: Env): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The pager of the user: a command for a shell. @returns undefined: there is none, or it was switched off */
export function pagerOf(env: Env): string | undefined {
  const named = env['MCP_PAGER'] ?? env['PAGER'];
  if (named === undefined) return isInPath('less', env) ? 'less' : undefined;
  const pager = named.trim();
  return pager === '' || pager === 'cat' ? undefined : pager;
}

/** The rows that lines take on a terminal. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines
    .flatMap((line) => line.split('\n'))
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOfText(line) / columns)), 0);
}

/** @returns whether the pager was run */
async function runPager(pager: string, text: string, env: Env): Promise<boolean> {
  // Ctrl+C is for the pager. Without this program behind it, the pager would stay alone at the terminal.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const child = spawn(pager, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env: { LESS, ...env } });
    child.stdin.on('error', ignore); // the user has left the pager before its end
    child.stdin.end(text);
    const [code] = (await once(child, 'close')) as [number | null];
    return code !== NOT_FOUND && code !== NOT_EXECUTABLE;
  } catch {
    return false; // there is no shell
  } finally {
    process.off('SIGINT', ignore);
  }
}

/**
 * Prints lines: through the pager, if stdout is a terminal that has fewer rows. Resolves when the user has left the pager; how the pager
 * ended does not matter. A pager that cannot be run is as none.
 */
export async function printPaged(lines: readonly string[], { env, wanted, print }: PagerOptions): Promise<void> {
  const { stdout } = process;
  const pager = wanted && stdout.isTTY ? pagerOf(env) : undefined;
  const isLong = pager !== undefined && rowsOf(lines, stdout.columns || COLUMNS) >= (stdout.rows || ROWS);
  if (isLong && (await runPager(pager, `${lines.join('\n')}\n`, env))) return;
  for (const line of lines) print(line);
}
