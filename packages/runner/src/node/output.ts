/** Sends what functions print to the daemon, with the call that printed it. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { StringDecoder } from 'node:string_decoder';

import { FROM_CHILD } from '../protocol/messages.js';
import type { Send } from './context.js';

/** Characters of output of one call. What is printed outside of calls has no such limit: the daemon limits its rate. */
const MAX_CHARACTERS = 65_536;

/** What a call has printed. */
export interface Printing {
  id: number;
  /** Characters so far. */
  printed: number;
}

type Callback = (error?: Error | null) => void;

/** Replaces `process.stdout.write` and `process.stderr.write`. What is written to descriptors 1 and 2 directly goes elsewhere. */
export function captureOutput(calls: AsyncLocalStorage<Printing>, send: Send): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8');
    const write = (chunk: unknown, encoding?: BufferEncoding | Callback, done?: Callback): boolean => {
      const text =
        typeof chunk === 'string' ? chunk : chunk instanceof Uint8Array ? decoder.write(Buffer.from(chunk)) : String(chunk);
      const call = calls.getStore();
      if (call === undefined) {
        send(FROM_CHILD.OUTPUT, 0, { stream, text });
      } else if (call.printed < MAX_CHARACTERS) {
        call.printed += text.length;
        const cut = call.printed >= MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}\n[more output was dropped]\n` : text;
        send(FROM_CHILD.OUTPUT, call.id, { stream, text: cut });
      }
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback !== undefined) process.nextTick(callback);
      return true;
    };
    process[stream].write = write as typeof process.stdout.write;
  }
}
