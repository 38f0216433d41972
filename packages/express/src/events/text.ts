/**
 * The texts of events on the stream.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { HistoryGap, KeptEvent } from '@mcp-daemon/core';

/** An event of the bus. JSON has no line breaks, so its data is one line. */
export const eventText = ({ id, event }: KeptEvent): string =>
  `event: ${event.type}\nid: ${id}\ndata: ${JSON.stringify(event)}\n\n`;

/**
 * The event `gap`: events are missing. With an id, all events after that id follow. Without one, the client gets the missing events when
 * it reconnects with the last id it has seen.
 */
export const gapText = (reason: HistoryGap | 'slow', id?: string): string =>
  `event: gap\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ type: 'gap', reason })}\n\n`;

/** Tells the client how long to wait before it reconnects. */
export const retryText = (ms: number): string => `retry: ${ms}\n\n`;

/** A heartbeat. @param id the newest id, also if the client may not see the newest events */
export const beatText = (id?: string): string => (id === undefined ? ':\n\n' : `:\nid: ${id}\n\n`);

/**
 * The event `ready`: all missed events have been sent, and live events follow. It has data, because a browser ignores events without
 * data; its id lets a client resume even if the connection is interrupted before the first live event.
 */
export const readyText = (id: string): string => `event: ready\nid: ${id}\ndata: {"type":"ready"}\n\n`;
