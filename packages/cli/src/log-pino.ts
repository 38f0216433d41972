/**
 * The log's writer: pino, and on a terminal its pretty form. Lines are written once in each turn of the event loop, and
 * synchronously, so that nothing is lost at the end.
 */
import { pino, stdSerializers } from 'pino';
import type { DestinationStream } from 'pino';
import type { LogOptions, WriteLine } from './log-line.js';

const STDERR = 2;

async function destinationOf({ pretty, colour }: LogOptions): Promise<DestinationStream> {
  if (pretty) {
    const { default: prettify } = await import('pino-pretty');
    return prettify({ destination: STDERR, sync: true, colorize: colour, ignore: 'pid', translateTime: 'SYS:HH:MM:ss' });
  }
  const stream = pino.destination({ dest: STDERR, sync: true });
  stream.on('error', () => undefined); // nobody reads stderr any more
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

/** Creates the writer. */
export async function createPino(options: LogOptions): Promise<WriteLine> {
  const destination = await destinationOf(options);
  const serializers = { error: stdSerializers.err };
  // The time is a field of the line: it was said before it could be written.
  const logger = pino({ level: 'trace', base: { pid: process.pid }, timestamp: false, serializers }, destination);
  return (level, fields, message) => logger[level](fields, message);
}
