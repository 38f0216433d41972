/**
 * Loaded first in every worker thread, where the protocol could not be moved away from descriptors 0 and 1. It is a separate file
 * in dist/, because it is loaded by its path.
 */
import { guardChildren } from './guard-children.js';
import { guardFiles } from './guard-files.js';

const BOTH = { input: true, output: true };
guardFiles(BOTH);
guardChildren(BOTH);
