/**
 * The writer of the log: pino, with pino-pretty on a terminal. Lines are written synchronously, once per turn of the event loop,
 * so that nothing is lost at exit.
 */
import type { DestinationStream } from 'pino';
import { pino, stdSerializers } from 'pino';

import type { LogOptions, WriteLine } from './log-line.js';

const STDERR = 2;

async function destinationOf({ pretty, colour }: LogOptions): Promise<DestinationStream> {
  if (pretty) {
    const { default: prettify } = await import('pino-pretty');
    const layout = { ignore: 'pid', translateTime: 'SYS:HH:MM:ss', singleLine: true };
    return prettify({ destination: STDERR, sync: true, colorize: colour, ...layout });
  }
  const stream = pino.destination({ dest: STDERR, sync: true });
  stream.on('error', () => undefined); // stderr is closed
  let pending = '';
  const flush = (): void => {
    const text = pending;
    pending = '';
    if (text !== '') stream.write(text);
  };
  process.once('exit', flush);
  return {
    write(line) {
      if (pending === '') setImmediate(flush);
      pending += line;
    },
  };
}

/** A line of the access log as text: method, path and status first. */
function forTerminal(fields: object, message: string): [object, string] {
  const { method, path, status, ms, ...rest } = fields as Record<string, unknown>;
  if (method === undefined || path === undefined) return [fields, message];
  return [rest, `${String(method)} ${String(path)} ${String(status)} in ${String(ms)} ms`];
}

/** Creates the writer. */
export async function createPino(options: LogOptions): Promise<WriteLine> {
  const destination = await destinationOf(options);
  const serializers = { error: stdSerializers.err };
  // The time is a field of the line, because a line can wait for pino to be loaded.
  const logger = pino({ level: 'trace', base: { pid: process.pid }, timestamp: false, serializers }, destination);
  if (options.pretty) return (level, fields, message) => logger[level](...forTerminal(fields, message));
  return (level, fields, message) => logger[level](fields, message);
}
