/** Permissions for the methods in a body. */
import { isObject } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';

/** Whether the caller may use a method. */
export type Permission = (method: string) => boolean;

/**
 * Checks the method of a message, or of every message of a batch.
 *
 * @returns a refusal of the whole body with 403; undefined: all methods are allowed
 */
export function forbidden(message: unknown, may: Permission): Refusal | undefined {
  for (const single of Array.isArray(message) ? message : [message]) {
    const method: unknown = isObject(single) ? single['method'] : undefined;
    if (typeof method === 'string' && !may(method)) return { status: 403, message: `You may not use ${method.slice(0, 100)}.` };
  }
  return undefined;
}
