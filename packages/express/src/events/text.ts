/**
 * How events are written.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { HistoryGap, KeptEvent } from '@mcp-daemon/core';

/** One event. JSON has no line breaks, so its data is one line. */
export const eventText = ({ id, event }: KeptEvent): string =>
  `event: ${event.type}\nid: ${id}\ndata: ${JSON.stringify(event)}\n\n`;

/**
 * Something is missing. With an id what comes from here on is complete; without one, coming back after the id seen last finds
 * what was left out.
 */
export const gapText = (reason: HistoryGap | 'slow', id?: string): string =>
  `event: gap\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ type: 'gap', reason })}\n\n`;

/** How long to wait before coming back. */
export const retryText = (ms: number): string => `retry: ${ms}\n\n`;

/** Nothing happened. A client that has seen less than there was, because it was not its business, is told how far it is. */
export const beatText = (id?: string): string => (id === undefined ? ':\n\n' : `:\nid: ${id}\n\n`);

/** The first lines: a client that breaks off before its first event knows where it was. */
export const openingText = (retryMs: number, id: string): string => `retry: ${retryMs}\nid: ${id}\n\n`;
