/** How a record names the program that called. */
import type { Implementation } from '../protocol/messages.js';
import { beginningOf } from './body.js';

const MAX_CHARS = 100;

/** Its name and version as one text, cut. Clients of the modern era say both with every request, so the last answer is kept. */
export function createClientName(): (client: Implementation | undefined) => string | null {
  let name: unknown;
  let version: unknown;
  let last: string | null = null;
  return (client) => {
    if (client === undefined) return null;
    if (client.name === name && client.version === version) return last;
    const text = [client.name, client.version].filter((part) => typeof part === 'string' && part !== '').join('/');
    last = text === '' ? null : beginningOf(text, MAX_CHARS);
    // A long name is not kept: it may be megabytes.
    ({ name, version } = text.length <= MAX_CHARS ? client : { name: undefined, version: undefined });
    return last;
  };
}
