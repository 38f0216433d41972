/** What needs attention at mounted servers, in words. */
import type { MountedServer } from '../api/administration.js';
import { formatCount, formatTime } from '../base/amounts.js';

/**
 * What an operator has to know or to do about a server: why it is down, its log-in, changes to approve.
 *
 * @returns one sentence each; none: nothing
 */
export function attentionOf({ name, failure, login, loginEnds, changes }: MountedServer): string[] {
  const logIn = `mcp-daemon mounts login ${name}`;
  const when = loginEnds === undefined ? 'may end at any time' : `ends ${formatTime(loginEnds)}`;
  return [
    ...(failure === undefined ? [] : [failure]),
    ...(login === 'NEEDED' && failure === undefined ? [`It needs a log-in: ${logIn}`] : []),
    ...(login === 'ENDING' ? [`Its log-in ${when}: ${logIn}`] : []),
    ...(changes === 0
      ? []
      : [`${formatCount(changes)} ${changes === 1 ? 'change is' : 'changes are'} not approved: mcp-daemon mounts check ${name}`]),
  ];
}
