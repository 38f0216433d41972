/** The client program in a record: as it names itself, and as OAuth knows it. */
import type { Exchange } from '../protocol/exchange.js';
import type { Implementation } from '../protocol/messages.js';
import { beginningOf } from './body.js';

const MAX_CHARS = 100;

/**
 * Name and version as one text, cut to the maximum length. Modern clients send both with every request, so the last result is
 * cached.
 */
export function createClientName(): (client: Implementation | undefined) => string | null {
  let name: unknown;
  let version: unknown;
  let last: string | null = null;
  return (client) => {
    if (client === undefined) return null;
    if (client.name === name && client.version === version) return last;
    const text = [client.name, client.version].filter((part) => typeof part === 'string' && part !== '').join('/');
    last = text === '' ? null : beginningOf(text, MAX_CHARS);
    // A long name is not cached: it may have megabytes.
    ({ name, version } = text.length <= MAX_CHARS ? client : { name: undefined, version: undefined });
    return last;
  };
}

/** Ids of clients may be URLs. */
const MAX_ID_CHARS = 500;

/** The OAuth client of a request, cut to the maximum length; null: there is none. */
export const recordedClientId = ({ clientId }: Pick<Exchange, 'clientId'>): string | null =>
  clientId === undefined ? null : beginningOf(clientId, MAX_ID_CHARS);
