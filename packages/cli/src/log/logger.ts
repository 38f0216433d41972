/**
 * A logger that loads pino at the first line. It writes to stderr, because stdout is for the protocol.
 */
import { writeSync } from 'node:fs';

import type { Logger } from '@mcp-daemon/core';

import type { Level, LogOptions, WriteLine } from './log-line.js';

/** The numbers of pino's levels. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity } as const;

/** A logger that can be flushed. */
export interface LazyLogger extends Logger {
  fatal(fields: object, message: string): void;
  /** Writes the lines that wait for pino, without pino. */
  flush(): void;
}

interface Line {
  level: Level;
  fields: object;
  message: string;
}

/** An error in the format of pino. */
function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack };
}

/** A line as text, similar to that of pino-pretty. */
function asText({ level, fields, message }: Line): string {
  const { time, ...members } = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const rest = Object.keys(members).length === 0 ? '' : ` ${JSON.stringify(members)}`;
  return `[${clock}] ${level.toUpperCase()}: ${message}${rest}`;
}

/** A line as JSON, in the format of pino. */
function asJson({ level, fields, message }: Line): string {
  const members = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
  return JSON.stringify({ level: LEVELS[level], pid: process.pid, ...members, msg: message });
}

/** Writes a line without pino, where the process exits before pino is loaded. */
function writePlainly(line: Line, pretty: boolean): void {
  try {
    writeSync(2, `${pretty ? asText(line) : asJson(line)}\n`);
  } catch {
    // stderr is closed.
  }
}

/** Creates the logger. */
export function createLogger(options: LogOptions): LazyLogger {
  const least = LEVELS[options.level as keyof typeof LEVELS] ?? LEVELS.info;
  let waiting: Line[] = [];
  let write: WriteLine | undefined;
  let loading = false;

  function flush(): void {
    const lines = waiting;
    waiting = [];
    for (const line of lines) {
      if (write === undefined) writePlainly(line, options.pretty);
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
