/** All languages. */
import type { Runtime } from '@mcp-daemon/core';

import { nodeRuntime } from './node.js';
import { pythonRuntime } from './python.js';
import type { RuntimeProgram } from './runtime.js';

/** The child programs, by language. */
export const RUNTIME_PROGRAMS: Readonly<Record<Runtime, RuntimeProgram>> = { node: nodeRuntime, python: pythonRuntime };
