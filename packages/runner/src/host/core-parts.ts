/** The parts of core that must be the daemon's own: it tells values by their classes. */
import type { ContextSource } from '@mcp-daemon/core';
import { exactJson, ForeignValue, FunctionContext, ReturnValueError } from '@mcp-daemon/core';

/** Makes and reads values of the daemon's copy of core. Where this package is bundled apart from the daemon, there are two copies. */
export interface CoreParts {
  /** `FunctionContext.sourceOf`. */
  sourceOf(context: unknown): ContextSource | undefined;
  /** Encodes a value as JSON, with numbers that JavaScript cannot represent as they were written. */
  json(value: unknown): string;
  /** Makes a `ReturnValueError`. */
  returnValueError(message: string): Error;
  /** Makes a `ForeignValue`. */
  foreignValue(value: unknown, text: string): unknown;
}

/** The parts of the copy that this package imports. */
export const OWN_CORE: CoreParts = {
  sourceOf: (context) => FunctionContext.sourceOf(context),
  json: exactJson,
  returnValueError: (message) => new ReturnValueError(message),
  foreignValue: (value, text) => new ForeignValue(value, text),
};
