/** Carries messages over the standard input and output of a process. Messages of one turn of the event loop are written at once. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '@mcp-daemon/core';
import { createLineReader } from '@mcp-daemon/core';

import type { ParseJson } from '../base/exact-lists.js';
import { parseMessage } from '../base/exact-lists.js';
import type { Carrier, CarrierEvents } from '../connection/carrier.js';
import type { ChildOptions } from './child.js';
import { startChild } from './child.js';

/** What {@link stdioCarrier} takes. */
export interface StdioCarrierOptions extends ChildOptions {
  /** The name of the mount. */
  name: string;
  /** Removes secrets from a text for the log. */
  mask: (text: string) => string;
  /** Largest size of a message, in bytes. */
  maxMessageBytes: number;
  /** Parses lists. */
  parseJson: ParseJson;
  logger: Logger;
}

/** Characters of a line in the log. */
const MAX_LOGGED = 1_000;
/** Lines without JSON that are logged; the others are counted. */
const MAX_STRAY_LINES = 10;

/** How long the output of a process that has ended is waited for, if something else holds it open. */
const DRAIN_MS = 100;

/** Starts a process and carries messages to it. */
export function stdioCarrier(options: StdioCarrierOptions, events: CarrierEvents): Carrier {
  const { name, mask, maxMessageBytes, parseJson, logger } = options;
  const child = startChild(options);
  const { stdin, stdout, stderr } = child.process;
  let closing = false;

  let strayLines = 0;
  function stray(line: string): void {
    strayLines += 1;
    if (strayLines > MAX_STRAY_LINES) return;
    const more = strayLines === MAX_STRAY_LINES ? '; more such lines are not logged' : '';
    logger.warn(
      { server: name, line: mask(line.slice(0, MAX_LOGGED)) },
      `the server "${name}" printed a line on stdout that is no message${more}`,
    );
  }

  const lines = createLineReader({
    maxBytes: maxMessageBytes,
    onLine(line) {
      let message: unknown;
      try {
        message = parseMessage(line, parseJson);
      } catch {
        return stray(line);
      }
      if (typeof message === 'object' && message !== null) events.onMessage(message);
      else stray(line);
    },
    onTooLong: () =>
      logger.error({ server: name }, `the server "${name}" sent a message of more than ${maxMessageBytes} bytes; it is left out`),
  });
  stdout?.on('data', (chunk: Buffer) => lines.push(chunk));
  stdout?.on('end', () => lines.end());

  const errors = createLineReader({
    maxBytes: 1_000_000,
    onLine: (line) =>
      logger.info({ server: name, stderr: mask(line.slice(0, MAX_LOGGED)) }, `the server "${name}" wrote to stderr`),
    onTooLong: () => undefined, // nobody reads a line of a megabyte
  });
  stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  stderr?.on('end', () => errors.end());

  // What it wrote before its end is read first.
  const drained = new Promise<void>((resolve) => void child.process.once('close', () => resolve()));
  void child.ended.then(async (how) => {
    await Promise.race([drained, sleep(DRAIN_MS, undefined, { ref: false })]);
    if (!closing) events.onClosed(`the server "${name}" ${how}`);
  });

  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    stdin?.write(text);
  };

  return {
    hasStreams: false,
    send(message) {
      if (waiting === '') setImmediate(flush);
      waiting += `${JSON.stringify(message)}\n`;
    },
    close() {
      closing = true;
      if (waiting !== '') flush();
      return child.end();
    },
  };
}
