/** The parts of core that must be the daemon's own: it tells values by their classes. */
import type { ContextSource } from '@mcp-daemon/core';
import { exactJson, exactJsonWithout, ForeignValue, FunctionContext, ReturnValueError } from '@mcp-daemon/core';

/** Makes and reads values of the daemon's copy of core. Where this package is bundled apart from the daemon, there are two copies. */
export interface CoreParts {
  /** `FunctionContext.sourceOf`. */
  sourceOf(context: unknown): ContextSource | undefined;
  /** Encodes a value as JSON, with numbers that JavaScript cannot represent as they were written. */
  json(value: unknown): string;
  /** The same of an object, with null in place of these members. */
  jsonWithout(value: Readonly<Record<string, unknown>>, names: readonly string[]): string;
  /** Makes a `ReturnValueError`. */
  returnValueError(message: string): Error;
  /** Makes a `ForeignValue`. @param json the text as JSON, if it is known */
  foreignValue(value: unknown, text: string, json?: string): unknown;
}

/** The parts of the copy that this package imports. */
export const OWN_CORE: CoreParts = {
  sourceOf: (context) => FunctionContext.sourceOf(context),
  json: exactJson,
  jsonWithout: exactJsonWithout,
  returnValueError: (message) => new ReturnValueError(message),
  foreignValue: (value, text, json) => new ForeignValue(value, text, json),
};
