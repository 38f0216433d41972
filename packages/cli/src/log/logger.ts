/**
 * A log that costs nothing until there is something to say: pino is loaded at the first line. Lines go to stderr, which is
 * a terminal, or a file that a host keeps; stdout belongs to the protocol.
 */
import { writeSync } from 'node:fs';

import type { Logger } from '@mcp-daemon/core';

import type { Level, LogOptions, WriteLine } from './log-line.js';

/** pino's numbers for the levels. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity } as const;

/** A log that can be brought to its end. */
export interface LazyLogger extends Logger {
  fatal(fields: object, message: string): void;
  /** Writes what waits for pino to be loaded, without it. */
  flush(): void;
}

interface Line {
  level: Level;
  fields: object;
  message: string;
}

/** An error as pino writes it. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack };
}

/** A line without pino: when the process ends before it was loaded. */
function writePlainly({ level, fields, message }: Line): void {
  const members = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
  try {
    writeSync(2, `${JSON.stringify({ level: LEVELS[level], pid: process.pid, ...members, msg: message })}\n`);
  } catch {
    // Nobody reads stderr any more.
  }
}

/** Creates the log. */
export function createLogger(options: LogOptions): LazyLogger {
  const least = LEVELS[options.level as keyof typeof LEVELS] ?? LEVELS.info;
  let waiting: Line[] = [];
  let write: WriteLine | undefined;
  let loading = false;

  function flush(): void {
    const lines = waiting;
    waiting = [];
    for (const line of lines) {
      if (write === undefined) writePlainly(line);
      else write(line.level, line.fields, line.message);
    }
  }

  async function load(): Promise<void> {
    const { createPino } = await import('./log-pino.js');
    write = await createPino(options);
    flush();
  }

  const log =
    (level: Level) =>
    (fields: object, message: string): void => {
      if (LEVELS[level] < least) return;
      const line: Line = { level, fields: { time: Date.now(), ...fields }, message };
      if (write !== undefined) {
        write(level, line.fields, message);
        return;
      }
      waiting.push(line);
      if (loading) return;
      loading = true;
      load().catch(flush);
    };

  process.once('exit', flush);
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error'), fatal: log('fatal'), flush };
}
