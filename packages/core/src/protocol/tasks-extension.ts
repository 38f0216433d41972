/** What every part of the server knows of the Tasks extension. */
import { isObject } from '../base/json.js';
import type { RequestContext } from './exchange.js';

/** The id of the extension. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** Whether a request declares that its client knows tasks. What its connection declared before does not count. */
export function declaresTasks({ caller }: Pick<RequestContext, 'caller'>): boolean {
  const { extensions } = caller.capabilities;
  return caller.era === 'modern' && isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

/** What the error of a request that does not declare it has as `data`. */
export const TASKS_REQUIRED = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } } as const;
