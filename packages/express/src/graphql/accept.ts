/** The form of answer that a client wants. */
import type { IncomingMessage } from 'node:http';

/** Which forms of answers `Accept` names. */
export interface WantedForms {
  /** A page for people: `text/html` is named, and not after JSON. */
  readonly page: boolean;
  /** `text/event-stream` is named. */
  readonly events: boolean;
  /** JSON is accepted, or the header is missing. */
  readonly json: boolean;
}

const JSON_ONLY: WantedForms = { page: false, events: false, json: true };
/** What most clients send: their `Accept` need not be taken apart. */
const PLAIN = new Set(['', '*/*', 'application/json', 'application/graphql-response+json']);

const JSON_TYPES = ['application/json', 'application/graphql-response+json'];

/** Reads `Accept`. A range such as `text/*` does not name a page or a stream: those have to be asked for. */
export function wantedBy({ headers: { accept = '' } }: IncomingMessage): WantedForms {
  if (PLAIN.has(accept)) return JSON_ONLY;
  const types = accept.split(',').map((range) => range.split(';', 1).join('').trim().toLowerCase());
  const page = types.indexOf('text/html');
  const firstJson = types.findIndex((type) => JSON_TYPES.includes(type));
  return {
    page: page !== -1 && (firstJson === -1 || page < firstJson),
    events: types.includes('text/event-stream'),
    json: accept === '' || firstJson !== -1 || types.includes('application/*') || types.includes('*/*'),
  };
}
