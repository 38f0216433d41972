/** The partition of a request: a segment of its path, and optionally a part of that partition in the header `Part-ID`. */
import type { IncomingMessage } from 'node:http';

import { PARTITION_NAME, partitionOfPath, pathOfUrl } from '../paths.js';
import type { Refusal } from '../wire/respond.js';

/** Whether a text is `partition` or `partition#part`. */
export function isPartition(text: string): boolean {
  const [name = '', part, ...more] = text.split('#');
  return PARTITION_NAME.test(name) && (part === undefined || PARTITION_NAME.test(part)) && more.length === 0;
}

/** The path of a request without its query. Where Express has mounted the handler at exactly this path, it is the mount path. */
export function pathOf(req: IncomingMessage): string {
  const { url, baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  const path = pathOfUrl(url);
  return path === '/' && baseUrl !== '' ? baseUrl : path;
}

/** What a header may repeat of a path that a client has sent. */
const PLAIN_PATH = /^[\w./~%-]*$/;

/** The path at which Express has mounted the router: clients have to put it before our paths. */
export function mountOf(req: IncomingMessage): string {
  const { url, baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  const isEndpoint = pathOfUrl(url) === '/';
  return isEndpoint || !PLAIN_PATH.test(baseUrl) ? '' : baseUrl;
}

/** The partition of a request, `partition` or `partition#part`; or a refusal with status 400. */
export function partitionOf(req: IncomingMessage): string | Refusal {
  const partition = partitionOfPath(pathOf(req));
  if (partition === undefined)
    return { status: 400, message: 'The path does not name a partition: letters, digits, _ and - are allowed.' };
  const part = req.headers['part-id'];
  if (part === undefined) return partition;
  if (typeof part === 'string' && PARTITION_NAME.test(part)) return `${partition}#${part}`;
  return { status: 400, message: 'Part-ID must be one name of letters, digits, _ and -.' };
}
