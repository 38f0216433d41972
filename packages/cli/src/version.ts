/** The version of this package; the build replaces it with the number in package.json. */
declare const MCP_DAEMON_VERSION: string;

/** The version of this package. */
export const VERSION: string = typeof MCP_DAEMON_VERSION === 'string' ? MCP_DAEMON_VERSION : '0.0.0';
