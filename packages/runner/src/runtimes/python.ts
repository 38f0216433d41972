/** Python: a child program of the standard library alone, for Python 3.9 or newer. */
import type { RuntimeProgram } from './runtime.js';

/** What is started where no setting names another program. */
const USUAL = 'python3';

/** The runtime of Python. Its child program is in the folder `python` of this package. */
export const pythonRuntime: RuntimeProgram = {
  file: 'python/child.py',
  spare: false,
  missing: (program) =>
    `Python was not found: ${program === undefined ? `there is no ${USUAL} in PATH` : `PYTHON is "${program}", and there is no such program`}. ` +
    'Install Python 3.9 or newer, or set PYTHON to its path',
  command: ({ file, program = USUAL }) => [program, file],
};
