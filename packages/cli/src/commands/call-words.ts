/** The words of call records in flags and tables. Declarations of commands use them, so that this file loads nothing. */
import type { CallStatus, McpType } from '@mcp-daemon/core';

import type { Style } from '../terminal/terminal.js';

/** All statuses, with their colours. */
export const STATUS_COLOURS: Readonly<Record<CallStatus, Style>> = {
  ...{ in_process: 'cyan', completed: 'green', failed: 'red' },
  ...{ cancelled: 'yellow', timed_out: 'red', interrupted: 'yellow' },
};

/** The kinds of functions that can be called. */
export const CALL_TYPES = ['tool', 'resource', 'prompt'] as const satisfies readonly McpType[];

/** The formats of `records export`. */
export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
