/** The mounted MCP servers: whether they can be used, and what needs attention. */
import type { JSX } from 'preact';

import type { MountedServer } from '../api/administration.js';
import { formatCount } from '../base/amounts.js';
import { visibleLine } from '../base/visible.js';
import { Card, Tag } from './bits.js';
import { attentionOf } from './mounted-attention.js';

const STATES: Readonly<Record<string, readonly [tone: string, word: string]>> = {
  READY: ['good', 'up'],
  STARTING: ['warn', 'starting'],
  DOWN: ['bad', 'down'],
  IDLE: ['quiet', 'not needed yet'],
};

/** The table of the servers. */
export function MountedServers({ servers }: { servers: readonly MountedServer[] }): JSX.Element {
  return (
    <Card title="Mounted servers" flush>
      <table class="table" aria-label="Mounted servers">
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col">State</th>
            <th scope="col" class="right">
              Functions
            </th>
            <th scope="col">Needs attention</th>
          </tr>
        </thead>
        <tbody>
          {servers.map((server) => {
            const { name, state, title, protocol, functions } = server;
            const [tone, word] = STATES[state] ?? ['quiet', state];
            return (
              <tr key={name}>
                <td>
                  <span class="strong">{visibleLine(name)}</span>
                  <br />
                  <span class="muted">{visibleLine([title, protocol].filter((part) => part !== undefined).join(', '))}</span>
                </td>
                <td>
                  <Tag tone={tone}>{word}</Tag>
                </td>
                <td class="num right">{formatCount(functions)}</td>
                <td>
                  {attentionOf(server).map((sentence) => (
                    <p key={sentence}>{visibleLine(sentence)}</p>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Card>
  );
}
