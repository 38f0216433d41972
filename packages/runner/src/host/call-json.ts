/** Writes the body of a `CALL`. */
import type { PendingCall } from './call.js';
import type { CoreParts } from './core-parts.js';

const isEmpty = (value: object): boolean => {
  for (const _ in value) return false;
  return true;
};

/** A member, if the value is there and not empty. */
const member = (name: string, value: object | undefined): string =>
  value === undefined || isEmpty(value) ? '' : `,"${name}":${JSON.stringify(value)}`;

/**
 * The body of a `CALL` as JSON. It is put together by hand because most members are absent in most calls.
 *
 * @param fn the id of the function
 * @param caller the id of the client
 */
export function callJson(fn: number, caller: number, { input, context, source }: PendingCall, { json }: CoreParts): string {
  const { inputs, state, variables } = source ?? context;
  const meta = source === undefined ? context.meta : source.request.meta;
  const subject = source === undefined ? context.subject : source.request.exchange.subject;
  const callId = source === undefined ? context.callId : source.callId;
  // Its getter parses it: only for calls that may have one.
  const traceparent =
    source === undefined || meta?.['traceparent'] !== undefined || source.request.exchange.traceparent !== undefined
      ? context.traceparent
      : undefined;
  const wantsProgress = source === undefined || meta?.['progressToken'] !== undefined;
  return (
    `{"fn":${fn},"caller":${caller},"uuid":"${callId}","subject":${JSON.stringify(subject)}` +
    (input === undefined ? '' : `,"input":${json(input)}`) +
    member('meta', meta) +
    member('inputs', inputs) +
    (state === undefined ? '' : `,"state":${JSON.stringify(state)}`) +
    member('variables', variables) +
    (traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(traceparent)}`) +
    (wantsProgress ? ',"progress":true}' : '}')
  );
}
