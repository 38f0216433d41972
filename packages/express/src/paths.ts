/** The paths of the door, and what each is called in metrics and in the log. */
import { partitionOfPath } from './auth/partition.js';

const FIXED: ReadonlyMap<string, string> = new Map([
  ['/auth/login', 'login'],
  ['/auth/token', 'token'],
  ['/me', 'me'],
  ['/health', 'health'],
  ['/ready', 'ready'],
  ['/metrics', 'metrics'],
  ['/openapi.json', 'documents'],
]);

/** Paths that stand behind a partition, or alone. */
const ENDPOINTS: ReadonlySet<string> = new Set(['mcp', 'sse', 'messages', 'events', 'ticket']);

/** The path of a URL, without its query. */
export function pathOfUrl(url = '/'): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/**
 * What a path is called: one of a few names, whatever a client asks for.
 *
 * @example
 * routeOf('/alpha/mcp') // mcp
 */
export function routeOf(path: string): string {
  if (path === '/mcp') return 'mcp'; // nearly always
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (ENDPOINTS.has(last) && partitionOfPath(path) !== undefined) return last;
  const fixed = FIXED.get(path);
  if (fixed !== undefined) return fixed;
  if (path.startsWith('/.well-known/')) return 'well_known';
  return /^\/(docs|redoc)(\/|$)/.test(path) ? 'documents' : 'other';
}
