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

/**
 * What was missed has been told, and what comes now is live. It is an event with data, since a page learns ids from events alone:
 * one whose connection breaks before anything happens knows where it was.
 */
export const readyText = (id: string): string => `event: ready\nid: ${id}\ndata: {"type":"ready"}\n\n`;
