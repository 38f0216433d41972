/** Fetches so that answers in JSON are parsed as messages are; see `parseMessage`. */
import type { FetchLike } from '@modelcontextprotocol/client';

import type { ParseJson } from '../base/exact-lists.js';
import { parseMessage } from '../base/exact-lists.js';

/** Node's `fetch`, with another parser. Answers in event streams are parsed by the official client. */
export const exactFetch =
  (parseExact: ParseJson): FetchLike =>
  async (url, init) => {
    const response = await fetch(url, init);
    return Object.assign(response, { json: async () => parseMessage(await response.text(), parseExact) });
  };
