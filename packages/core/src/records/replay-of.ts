/**
 * Which call a record repeats. A replay is a call of the client program `mcp-daemon-replay`, whose version is the uuid of the call
 * that it repeats. So every store keeps it, also the tables of the Python engine, and the filter by client finds all replays, or
 * those of one call.
 */
import type { Implementation } from '../protocol/messages.js';

/** The name of the client program in records of replays. */
export const REPLAY_CLIENT = 'mcp-daemon-replay';

const REPLAY = new RegExp(`^${REPLAY_CLIENT}/([0-9a-f-]{36})$`, 'i');

/** How a replay names itself. @param uuid the record of the call that is repeated */
export const replayClient = (uuid: string): Implementation => ({ name: REPLAY_CLIENT, version: uuid });

/** The uuid of the call that a record repeats; undefined: it is no replay. */
export const replayOf = ({ client }: { readonly client: string | null }): string | undefined =>
  client === null ? undefined : REPLAY.exec(client)?.[1];
