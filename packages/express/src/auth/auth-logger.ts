import type { Logger } from '@mcp-daemon/core';

/** What authentication logs to: errors, and where there is `info`, why requests of clients that log in were refused. */
export type AuthLogger = Pick<Logger, 'error'> & Partial<Pick<Logger, 'info'>>;
