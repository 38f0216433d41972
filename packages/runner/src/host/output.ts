/** Where the output of a child goes: to the daemon's log, and to the record of the call that printed it. */
import type { Logger } from '@mcp-daemon/core';

import { ProtocolFault } from '../protocol/frames.js';
import type { PendingCall } from './call.js';

/** Characters of one line of the log. */
const MAX_LINE = 2_000;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** What gets the output of one child. */
export interface OutputSink {
  /** What the process wrote to descriptors 1 and 2 itself. */
  raw(stream: 'stdout' | 'stderr', text: string): void;
  /** What a function printed. @param call undefined: outside of calls, or after its end */
  printed(call: PendingCall | undefined, body: Record<string, unknown>): void;
  /** What a class logged. */
  diagnostic(body: Record<string, unknown>): void;
  /** What a function threw. */
  failure(call: PendingCall, error: Error): void;
}

/** Collects lines of a text that comes in pieces. */
class Lines {
  #rest = '';

  /** The lines that are whole now. */
  add(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) lines.push(this.take());
    return lines.filter((line) => line.trim() !== '').map((line) => line.slice(0, MAX_LINE));
  }

  take(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }
}

/** Creates the sink of a child. @param about fields of each line, such as the process id */
export function createOutputSink(logger: Logger, about: () => object, logsStacks: boolean): OutputSink {
  const raw = { stdout: new Lines(), stderr: new Lines() };
  const perCall = new WeakMap<PendingCall, Lines>();
  const outside = new Lines();
  return {
    raw(stream, text) {
      for (const line of raw[stream].add(text)) logger.info({ ...about(), stream }, line);
    },
    printed(call, { stream, text }) {
      if (typeof text !== 'string') throw new ProtocolFault('OUTPUT has no text');
      if (call !== undefined) call.source?.printed?.(text);
      let lines = call === undefined ? outside : perCall.get(call);
      if (call !== undefined && lines === undefined) perCall.set(call, (lines = new Lines()));
      const fields = call === undefined ? {} : { name: call.name, callId: call.source?.callId };
      for (const line of lines?.add(text) ?? []) logger.info({ ...about(), ...fields, stream }, line);
    },
    diagnostic({ level, message, fields }) {
      const known = LEVELS.find((candidate) => candidate === level) ?? 'info';
      const given = typeof fields === 'object' && fields !== null ? fields : {};
      logger[known]({ ...given, ...about() }, String(message).slice(0, MAX_LINE));
    },
    failure({ name, source }, { message, stack }) {
      if (logsStacks && stack !== undefined)
        logger.warn({ ...about(), name, callId: source?.callId, stack }, `"${name}" failed: ${message}`);
    },
  };
}
