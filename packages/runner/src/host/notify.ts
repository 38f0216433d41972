/** Passes on what a function tells its client while it runs. */
import type { Message } from '../protocol/frames.js';
import { bodyOf, ProtocolFault } from '../protocol/frames.js';
import { FROM_CHILD } from '../protocol/messages.js';
import type { PendingCall } from './call.js';

/**
 * Passes on a `PROGRESS` or a `LOG`.
 *
 * @param call undefined: the message was on its way when the call ended
 * @throws ProtocolFault
 */
export function notify(call: PendingCall | undefined, message: Message): void {
  if (call === undefined) return;
  const body = bodyOf(message);
  if (message.type === FROM_CHILD.PROGRESS) {
    const { progress, total, message: text } = body;
    if (typeof progress !== 'number') throw new ProtocolFault('PROGRESS has no number');
    call.context.progress(progress, typeof total === 'number' ? total : undefined, typeof text === 'string' ? text : undefined);
    return;
  }
  const { level, data, logger } = body;
  call.context.log(String(level), data, typeof logger === 'string' ? logger : undefined);
}
