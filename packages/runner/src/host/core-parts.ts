/** The parts of core that must be the daemon's own: it tells values by their classes. */
import type { ContextSource } from '@mcp-daemon/core';
import { ForeignValue, FunctionContext, ReturnValueError } from '@mcp-daemon/core';

/** Makes and reads values of the daemon's copy of core. Where this package is bundled apart from the daemon, there are two copies. */
export interface CoreParts {
  /** `FunctionContext.sourceOf`. */
  sourceOf(context: unknown): ContextSource | undefined;
  /** Makes a `ReturnValueError`. */
  returnValueError(message: string): Error;
  /** Makes a `ForeignValue`. */
  foreignValue(value: unknown, text: string): unknown;
}

/** The parts of the copy that this package imports. */
export const OWN_CORE: CoreParts = {
  sourceOf: (context) => FunctionContext.sourceOf(context),
  returnValueError: (message) => new ReturnValueError(message),
  foreignValue: (value, text) => new ForeignValue(value, text),
};
