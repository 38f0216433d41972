/** Settings that were shown masked and are written back. */
import type { JsonObject } from '@mcp-daemon/core';
import { isObject, MASKED } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';

function unmasked(value: unknown, before: unknown, path: string): unknown {
  if (value === MASKED) {
    if (typeof before === 'string' || typeof before === 'number') return before;
    throw new ApiError('BAD_USER_INPUT', `${path} is ${MASKED}, and there is no value before that it could keep.`);
  }
  if (Array.isArray(value)) {
    const list: readonly unknown[] = Array.isArray(before) ? before : [];
    return value.map((item: unknown, index) => unmasked(item, list[index], `${path}[${index}]`));
  }
  if (!isObject(value)) return value;
  const members = isObject(before) ? before : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      unmasked(item, Object.hasOwn(members, key) ? members[key] : undefined, `${path}.${key}`),
    ]),
  );
}

/**
 * A setting with the values that a client has only seen masked.
 *
 * @param before what is stored
 * @throws ApiError `BAD_USER_INPUT` where a masked value has no value before
 */
export const unmaskSetting = (setting: JsonObject, before: JsonObject): JsonObject =>
  unmasked(setting, before, 'setting') as JsonObject;
