/** One call to a child. */
import type { ContextSource } from '@mcp-daemon/core';

/** The part of a context that calls need. Contexts that the daemon did not make, such as those of tests, have these members. */
export interface PlainContext {
  readonly callId: string;
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly inputs?: Record<string, unknown>;
  readonly state?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
  readonly meta?: Record<string, unknown>;
  readonly traceparent?: string | undefined;
  readonly client?: unknown;
  readonly clientCapabilities?: unknown;
  readonly protocolVersion?: string;
  progress(progress: number, total?: number, message?: string): void;
  log(level: string, data: unknown, logger?: string): void;
  resourceUpdated?(uri: string): void;
}

/** A call that has not ended. */
export interface PendingCall {
  input: unknown;
  context: PlainContext;
  /** What the context was made from, if the daemon made it. */
  source: ContextSource | undefined;
  /** The key of the function in its version. */
  readonly key: string;
  /** The name of the function in the catalog. */
  readonly name: string;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Whether its function has begun to run. */
  begun: boolean;
  /** Why it was ended before its function returned. */
  endedBy: 'cancelled' | 'timed_out' | undefined;
  /** Called when it is ended before its function returns. */
  onEnded: (() => void) | undefined;
  /** Called when it has ended, after it was aborted. */
  onSettled: (() => void) | undefined;
  /** When it was sent, in milliseconds. */
  sent: number;
  /** How often it was sent to a child that ended before it began. */
  attempts: number;
}

const NOTHING = (): void => undefined;
const ENDED: PlainContext = { callId: '', subject: '', signal: AbortSignal.abort(), progress: NOTHING, log: NOTHING };

/**
 * Lets go of what an ended call holds. Garbage collections of young objects keep what old tables of a Map refer to: without this,
 * they copied the arguments and results of half of all calls.
 */
export function release(call: PendingCall): void {
  call.input = undefined;
  call.context = ENDED;
  call.source = undefined;
  call.resolve = NOTHING;
  call.reject = NOTHING;
}

/** Makes a call of what the executor gives. @param source what the context was made from, if the daemon made it */
export function pendingCall(
  { key, name }: Pick<PendingCall, 'key' | 'name'>,
  input: unknown,
  context: unknown,
  source: ContextSource | undefined,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): PendingCall {
  const call: PendingCall = {
    input,
    context: context as PlainContext,
    source,
    key,
    name,
    resolve,
    reject,
    begun: false,
    endedBy: undefined,
    onEnded: undefined,
    onSettled: undefined,
    sent: 0,
    attempts: 0,
  };
  const end = (by: 'cancelled' | 'timed_out'): void => {
    call.endedBy = by;
    call.onEnded?.();
  };
  if (source !== undefined) {
    source.onEnd(end);
  } else {
    const { signal } = context as PlainContext;
    if (signal.aborted) end('cancelled');
    else signal.addEventListener('abort', () => end('cancelled'), { once: true });
  }
  return call;
}
