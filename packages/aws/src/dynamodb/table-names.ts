/** Names of tables and attributes, without the SDK: the thread that writes call records needs them, too. */

/** The names of the tables. */
export const TABLE = {
  functions: 'mcp-functions',
  modules: 'mcp-modules',
  settings: 'mcp-settings',
  calls: 'mcp-function_calls',
  revisions: 'mcp-revisions',
  state: 'mcp-state',
} as const;

/** The attribute by which DynamoDB removes old call records, and state that has expired: seconds since 1970. */
export const TTL_ATTRIBUTE = 'expires_at';
