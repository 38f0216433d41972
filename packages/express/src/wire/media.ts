/** The media types that a client accepts for an answer. */
import type { IncomingMessage } from 'node:http';

/** Whether a client accepts each of the two media types of answers. */
export interface Accepted {
  readonly json: boolean;
  readonly events: boolean;
}

const BOTH: Accepted = { json: true, events: true };

/** Reads `Accept`. Without the header, or with an empty one, everything is accepted. */
export function acceptedBy(req: IncomingMessage): Accepted {
  const { accept } = req.headers;
  // The value that the official clients send is compared as a whole, because that is fast.
  if (accept === undefined || accept === '' || accept === 'application/json, text/event-stream') return BOTH;
  const types = accept.split(',').map((range) => range.split(';', 1).join('').trim().toLowerCase());
  const any = types.includes('*/*');
  return {
    json: any || types.includes('application/json') || types.includes('application/*'),
    events: any || types.includes('text/event-stream') || types.includes('text/*'),
  };
}
