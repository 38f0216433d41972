/** The partition that a request is for: a segment of its path, and a part of that in the header `Part-ID`. */
import type { IncomingMessage } from 'node:http';

import { DEFAULT_PARTITION } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';

/** Letters and digits, `_` and `-`, with at least one letter or digit: what the Python engine allows, in ASCII. */
const NAME = /^(?=[_-]*[A-Za-z0-9])[A-Za-z0-9_-]{1,128}$/;

/** What may stand behind a partition. */
const ENDPOINTS: ReadonlySet<string> = new Set(['mcp', 'sse', 'messages', 'events', 'events/ticket', 'graphql']);
/** Paths that are about no partition, and where the default one is as good as any. */
const ALONE: ReadonlySet<string> = new Set(['', 'metrics']);
/** The Python engine's paths of the old transport, for the default partition. */
const JSONRPC: ReadonlySet<string> = new Set(['sse', 'messages']);

/** Whether a text is `partition` or `partition#part`. */
export function isPartition(text: string): boolean {
  const [name = '', part, ...more] = text.split('#');
  return NAME.test(name) && (part === undefined || NAME.test(part)) && more.length === 0;
}

/**
 * The partition in a path: `/alpha/mcp` is for `alpha`; `/mcp` and `/jsonrpc/sse` are for the default one, and so is the root.
 *
 * @returns undefined where a path is none of these: nothing falls back to a partition that nobody named
 */
export function partitionOfPath(path: string): string | undefined {
  const text = path.replace(/^\//, '').replace(/\/$/, '');
  if (ALONE.has(text) || ENDPOINTS.has(text)) return DEFAULT_PARTITION;
  const slash = text.indexOf('/');
  const [name, endpoint] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)];
  if (!ENDPOINTS.has(endpoint)) return undefined;
  if (name === 'jsonrpc' && JSONRPC.has(endpoint)) return DEFAULT_PARTITION;
  return NAME.test(name) ? name : undefined;
}

/** The path of a request: without a query, and where it is mounted on a path of its own (Express), that one. */
export function pathOf(req: IncomingMessage): string {
  const { url = '/', baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  const path = url.split('?', 1).join('');
  return path === '/' && baseUrl !== '' ? baseUrl : path;
}

/** What a header may repeat of a path that is not ours. */
const PLAIN_PATH = /^[\w./~%-]*$/;

/** Where the door is mounted (Express): what clients have to put before our paths. */
export function mountOf(req: IncomingMessage): string {
  const { url = '/', baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  const isEndpoint = url.split('?', 1).join('') === '/';
  return isEndpoint || !PLAIN_PATH.test(baseUrl) ? '' : baseUrl;
}

/** The partition of a request, or why it has none. */
export function partitionOf(req: IncomingMessage): string | Refusal {
  const partition = partitionOfPath(pathOf(req));
  if (partition === undefined)
    return { status: 400, message: 'The path names no partition: letters, digits, _ and - are allowed.' };
  const part = req.headers['part-id'];
  if (part === undefined) return partition;
  if (typeof part === 'string' && NAME.test(part)) return `${partition}#${part}`;
  return { status: 400, message: 'Part-ID must be one name of letters, digits, _ and -.' };
}
