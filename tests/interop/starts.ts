/** How some hosts start a server: with one process that they end before they use it, and a second one that they keep. */
import { envelope, RawClient } from './raw.js';

/** How long after the end of stdin Cline sends SIGTERM. */
const CLINE_TERMINATES_MS = 300;

/** Two processes of one server. */
export interface Started {
  /** The one that the host has ended; it may still be ending. */
  readonly first: RawClient;
  readonly second: RawClient;
}

/**
 * Starts a server as Cline does when the machine is slow: `initialize` is not answered within 3 s, so it starts a second process and
 * ends the first one, which answers only now. The first one is stopped meanwhile, so that these seconds need not pass here.
 */
export async function startAsCline(args: string[]): Promise<Started> {
  const first = new RawClient(args);
  first.process.kill('SIGSTOP');
  void first.request('initialize', {
    protocolVersion: '2024-11-05',
    capabilities: {},
    clientInfo: { name: 'Cline', version: '1.0.0' },
  });
  const second = new RawClient(args);
  first.process.stdin.end();
  first.process.kill('SIGCONT');
  setTimeout(() => first.process.kill('SIGTERM'), CLINE_TERMINATES_MS);
  return { first, second };
}

/**
 * Starts a server as the OpenAI Agents SDK and Mastra do: the first process gets one `server/discover`, and is ended at once.
 *
 * @param awaits whether the host waits for the answer before it ends the process
 */
export async function startTwice(args: string[], awaits: boolean): Promise<Started> {
  const first = new RawClient(args);
  const { answer } = first.request('server/discover', { _meta: envelope() });
  if (awaits) await answer;
  first.process.stdin.end();
  first.process.kill('SIGTERM');
  return { first, second: new RawClient(args) };
}
