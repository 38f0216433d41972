/** The argument with which clients without tasks ask for the result of a call that they made before. */
import { withNumberTexts } from '../base/exact-numbers.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';

/** The argument of functions with `is_async`. Its name is that of the Python engine. */
export const CALL_ARGUMENT = 'mcp_function_call_uuid';

const SCHEMA: JsonObject = Object.freeze({
  type: 'string',
  description:
    'Leave this out of a new call. To get the result of an earlier call that was still running, give its mcp_function_call_uuid; the other arguments are then ignored.',
});

/**
 * The schema of a function with `is_async`, as clients see it: with {@link CALL_ARGUMENT}. Some hosts let their model give no other
 * arguments than those in the schema.
 *
 * @returns a copy, or the schema itself if it has such an argument of its own
 */
export function withCallArgument(schema: JsonObject): JsonObject {
  const { properties } = schema;
  const own = isObject(properties) ? properties : {};
  if (Object.hasOwn(own, CALL_ARGUMENT)) return schema;
  return withNumberTexts({ ...schema, properties: withNumberTexts({ ...own, [CALL_ARGUMENT]: SCHEMA }, own) }, schema);
}
