/** Python: a child program of the standard library alone. */
import type { RuntimeProgram } from './runtime.js';

/** The runtime of Python. */
export const pythonRuntime: RuntimeProgram = {
  file: 'python_child.py',
  spare: false,
  missing: 'Python is not installed on this machine: install Python 3.9 or newer, or set PYTHON to its path',
  command: ({ file, program = 'python3' }) => [program, '-u', file],
};
