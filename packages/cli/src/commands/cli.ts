/**
 * Every command but plain serving: parses, runs, and ends the process with the right exit code.
 */
import { realpathSync } from 'node:fs';

import { launchOf } from '../hosts/entry.js';
import { report } from '../runtime/report.js';
import type { Env } from '../settings/settings.js';
import { readSettings } from '../settings/settings.js';
import { painter, wantsColour } from '../terminal/terminal.js';
import { shownPath } from '../terminal/text.js';
import { VERSION } from '../version.js';
import type { Command, CommandContext } from './command.js';
import { parseCommand } from './parser.js';
import type { CommandRunner } from './parser-parts.js';

const NARROW = 60;

/** Makes what runs one parsed command. */
function runner(typed: string, env: Env, finish: (code: number) => void): CommandRunner {
  const stdout = process.stdout;
  return {
    launch: (command) => launchOf(process.execPath, realpathSync(typed), shownPath(typed), VERSION, command),
    async serve(flags) {
      const { serve } = await import('../serve/serve.js');
      await serve(flags, env);
    },
    async run<A>(command: Command<A>, args: A, given: CommandContext['given']) {
      // How a server is reached is no matter of commands that serve nobody.
      const settings = readSettings(given, { ...env, MCP_TRANSPORT: 'stdio' });
      const context: CommandContext = {
        settings,
        env,
        given,
        print: (line) => void stdout.write(`${line}\n`),
        note: (line) => void process.stderr.write(`${line}\n`),
        paint: painter(wantsColour(env, stdout)),
        paintNote: painter(wantsColour(env, process.stderr)),
        width: stdout.isTTY ? Math.max(NARROW, stdout.columns) : undefined,
        interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
      };
      finish(await command(args, context));
    },
  };
}

/**
 * Runs a command line.
 *
 * @param argv the arguments, without the executable and the script
 * @param script the path of this program
 */
export async function runCommand(argv: readonly string[], script: string, env: Env): Promise<void> {
  const stdout = process.stdout;
  // `mcp-daemon calls list | head` is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.stderr.on('error', () => undefined);
  // What a function left running keeps no command alive; but everything it printed must have left.
  const finish = (code: number): void => void stdout.write('', () => process.exit(code));
  try {
    const served = await parseCommand(argv, runner(script, env, finish));
    if (served === 'help') finish(0);
  } catch (error) {
    finish(report(error, shownPath));
  }
}
