/** The flags of the commands that read the record of calls. */
import { CALL_TYPES, STATUS_COLOURS } from './call-words.js';
import { switchFlag, textFlag } from './command.js';
import { PARTITION_FLAG } from './partition-flag.js';

/** The flags that say which calls. */
export const CALL_FILTERS = {
  name: textFlag('Only calls of this function'),
  type: textFlag(`Only calls of this type: ${CALL_TYPES.join(', ')}`),
  status: textFlag(`Only calls with this status: ${Object.keys(STATUS_COLOURS).join(', ')}`),
  caller: textFlag('Only calls of this user'),
  client: textFlag('Only calls of this client, such as claude-ai, or claude-ai/1.2.0'),
  server: textFlag('Only calls of the server with this name'),
  revision: textFlag('Only calls that this revision of the catalog served: its digest, or the beginning of it'),
  partition: PARTITION_FLAG,
};

/** Whether what does not fit on the terminal is shown in a pager. */
export const PAGER_FLAG = switchFlag('Show long output in the pager of MCP_PAGER or PAGER; --no-pager prints it', {
  default: true,
});

/** The flags that say when. */
export const TIME_FILTERS = {
  since: textFlag('Only calls since this time: 2h, 7d, 2026-01-31T12:00'),
  until: textFlag('Only calls until this time'),
};
