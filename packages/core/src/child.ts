/** What a child program in JavaScript has in common with this process: it is bundled into the child. */
export { blobType, bytesOf, refuseUnsendable, withoutBlobs } from './call/bytes.js';
export { asText, jsonText } from './call/content.js';
export { loggable } from './call/context.js';
export { isGenerator, runGenerator } from './call/generator.js';
export { messageOf } from './call/outcome.js';
export { ReturnValueError } from './call/return-value-error.js';
export { elicit, inputRequired, listRoots, sample } from './input/requests.js';
export { DaemonError } from './protocol/errors.js';
export { LOG_LEVELS } from './protocol/messages.js';
export { mergeExports } from './runner/exports.js';
export type { Instance, UserFunction } from './runner/functions.js';
export { buildInstance, exportedFunction, methodOf } from './runner/functions.js';
