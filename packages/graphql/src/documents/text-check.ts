/** Checks a document's text before it is parsed: a parser that is given too much is slow, or fails. */
import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';

const OPEN = new Set('{[(');
const CLOSE = new Set('}])');

/** The position after a string that begins at a position. */
function afterString(text: string, start: number): number {
  const isBlock = text.startsWith('"""', start);
  if (isBlock) {
    let end = text.indexOf('"""', start + 3);
    while (end > 0 && text[end - 1] === '\\') end = text.indexOf('"""', end + 3);
    return end < 0 ? text.length : end + 3;
  }
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '"' || character === '\n') return at + 1;
  }
  return text.length;
}

/** How deeply brackets are inside each other at most; texts and comments are skipped. */
export function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character === '"') at = afterString(text, at) - 1;
    else if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (OPEN.has(character)) deepest = Math.max(deepest, (depth += 1));
    else if (CLOSE.has(character)) depth -= 1;
  }
  return deepest;
}

/** @throws ApiError `LIMIT_EXCEEDED` */
export function checkText(text: string, { maxDocumentBytes, maxNesting }: GraphqlLimits): void {
  if (text.length > maxDocumentBytes || Buffer.byteLength(text) > maxDocumentBytes)
    throw new ApiError('LIMIT_EXCEEDED', `The document is larger than ${maxDocumentBytes} bytes (maxDocumentBytes).`);
  if (nestingOf(text) > maxNesting)
    throw new ApiError('LIMIT_EXCEEDED', `The document is nested more than ${maxNesting} levels deep (maxNesting).`);
}
