/** JavaScript: the same Node that runs the daemon. */
import { dirname } from 'node:path';

import type { RuntimeProgram } from './runtime.js';

/** The runtime of JavaScript. Its child program is made from `src/node` by build.mjs. */
export const nodeRuntime: RuntimeProgram = {
  file: 'node-child.cjs',
  spare: true,
  missing: () => 'Node could not be started',
  command({ file, root, heapMb, readable, program = process.execPath }) {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const paths = readable === undefined ? [] : [dirname(file), ...(root === undefined ? [] : [root]), ...readable];
    return [
      program,
      `--max-old-space-size=${heapMb}`,
      ...(readable === undefined ? [] : [permission, ...paths.map((path) => `--allow-fs-read=${path}`)]),
      file,
    ];
  },
};
