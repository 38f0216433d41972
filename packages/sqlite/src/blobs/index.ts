/** Large payloads as files: `@mcp-daemon/sqlite/blobs`. An entry of its own, because whoever keeps none need not load it. */
export { createFileBlobs } from './file-blobs.js';
export type { FileBlobsOptions } from './file-blobs.js';
