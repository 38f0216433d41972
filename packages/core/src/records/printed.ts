/** What a function prints, in the record of its call. Only runners of other processes know which call prints. */
import type { FunctionDefinition } from '../ports/definition.js';

/** The part of a ticket that this needs. */
interface PrintingTicket {
  readonly definition: FunctionDefinition;
  readonly row: object | undefined;
  printed: string;
}

/** Characters that a record keeps. */
const MAX_CHARACTERS = 4_000;
const CUT = '\n[more output was not recorded]';

/**
 * Keeps a text that a function printed, if the record keeps all bodies: it may quote arguments, and nothing is known of where in the
 * text they are.
 */
export function keepPrinted(ticket: PrintingTicket, text: string): void {
  const { record } = ticket.definition;
  if (ticket.row === undefined || (record !== undefined && (record.bodies !== 'all' || record.redact.length > 0))) return;
  if (ticket.printed.length > MAX_CHARACTERS) return;
  ticket.printed += text;
  if (ticket.printed.length > MAX_CHARACTERS) ticket.printed = ticket.printed.slice(0, MAX_CHARACTERS) + CUT;
}

/** The notes of a record, with what the function printed. */
export function withPrinted(notes: string | null, { printed }: Pick<PrintingTicket, 'printed'>): string | null {
  const text = printed.trimEnd();
  if (text === '') return notes;
  return `${notes === null ? '' : `${notes}\n`}printed:\n${text}`;
}
