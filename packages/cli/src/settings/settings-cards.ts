/**
 * The settings of server cards, as a part of the table in settings.ts.
 */
import type { Setting } from './setting.js';

/** Settings of what the HTTP server says to everybody. */
export const CARD_SETTINGS = {
  serverCards: {
    type: 'text',
    flag: 'server-cards',
    env: 'MCP_SERVER_CARDS',
    group: 'HTTP',
    metavar: 'PARTITIONS',
    defaultText: 'default without authentication, else none',
    description: 'Partitions that publish how to connect to them, as a server card, separated by commas; "none" for none',
  },
} as const satisfies Record<string, Setting>;
