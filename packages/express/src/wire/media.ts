/** What a client can take as an answer. */
import type { IncomingMessage } from 'node:http';

/** The two forms of an answer. */
export interface Accepted {
  readonly json: boolean;
  readonly events: boolean;
}

const BOTH: Accepted = { json: true, events: true };

/** Reads `Accept`. A client that says nothing takes anything. */
export function acceptedBy(req: IncomingMessage): Accepted {
  const { accept } = req.headers;
  // As the official clients write it.
  if (accept === undefined || accept === 'application/json, text/event-stream') return BOTH;
  const types = accept.split(',').map((range) => range.split(';', 1).join('').trim().toLowerCase());
  const any = types.includes('*/*');
  return {
    json: any || types.includes('application/json') || types.includes('application/*'),
    events: any || types.includes('text/event-stream') || types.includes('text/*'),
  };
}
