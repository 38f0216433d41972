/**
 * The users file, as a chunk of its own: commands that look after no users load nothing of it.
 */
export { checkUser, createUserFile } from '@mcp-daemon/express';
