/** Other MCP servers, mounted in a daemon. */
export { createMounts } from './mounts.js';
export type { Mounts, MountsOptions } from './mounts.js';
export type { LoginPlace } from './http/service-login.js';
export { CHAIN } from './open.js';
export type { OpenOptions } from './open.js';
export type { TextSource } from './secrets.js';
