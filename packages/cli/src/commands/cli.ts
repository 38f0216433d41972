/**
 * Runs every command line that is not plain serving, and ends the process with the exit code.
 */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';

import { launchOf } from '../hosts/entry.js';
import { stableNode } from '../hosts/node-path.js';
import type { Env, Flags } from '../settings/settings.js';
import { readSettings } from '../settings/settings.js';
import { painter, wantsColour } from '../terminal/terminal.js';
import { displayPath } from '../terminal/text.js';
import { VERSION } from '../version.js';
import type { CommandContext } from './command.js';
import { parseCommand } from './parser.js';

/** The least width of tables. */
const MIN_WIDTH = 60;

/** Creates what a command gets besides its arguments. */
function contextOf(script: string, env: Env, flags: Flags): CommandContext {
  const { stdin, stdout, stderr } = process;
  return {
    // Commands do not serve, so they ignore the variables of HTTP settings, as a sidecar does.
    settings: readSettings(flags, { ...env, MCP_TRANSPORT: 'stdio' }),
    env,
    flags,
    launch(command) {
      const { argv0, execPath, platform } = process;
      const node = stableNode({ argv0, execPath, platform, path: env['PATH'] ?? env['Path'] });
      const files = { script: realpathSync(script), given: resolve(script), typed: displayPath(script) };
      return launchOf({ ...files, node, version: VERSION }, command);
    },
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    paint: painter(wantsColour(env, stdout)),
    paintNote: painter(wantsColour(env, stderr)),
    width: stdout.isTTY ? Math.max(MIN_WIDTH, stdout.columns) : undefined,
    interactive: stdin.isTTY === true && stderr.isTTY === true,
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
  // A reader that closes the pipe, as in `mcp-daemon calls list | head`, is not an error.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.stderr.on('error', () => undefined);
  // Timers and sockets of a function must not keep a command running, but all output has to be written before the exit.
  const finish = (code: number): void => void stdout.write('', () => process.exit(code));
  try {
    const parsed = await parseCommand(argv, async (command, args, flags) => {
      const code = await command.run(args, contextOf(script, env, flags));
      if (code !== undefined) finish(code);
    });
    if (parsed === 'help') finish(0);
  } catch (error) {
    const { report } = await import('../runtime/report.js');
    finish(report(error, displayPath));
  }
}
