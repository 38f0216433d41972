/** What somebody may, told by the methods of a body. */
import { isObject } from './message.js';
import type { Refusal } from './respond.js';

/** Whether somebody may use a method. */
export type Permission = (method: string) => boolean;

/**
 * Looks for a method that its sender may not use: in a message, or in any of a batch.
 *
 * @returns why the whole body is refused
 */
export function forbidden(message: unknown, may: Permission): Refusal | undefined {
  for (const single of Array.isArray(message) ? message : [message]) {
    const method: unknown = isObject(single) ? single['method'] : undefined;
    if (typeof method === 'string' && !may(method)) return { status: 403, message: `You may not use ${method.slice(0, 100)}.` };
  }
  return undefined;
}
