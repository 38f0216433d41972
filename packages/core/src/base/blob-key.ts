/** Which keys a blob can have: they become paths of files, and parts of URLs. */

const MAX_KEY = 512;
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/**
 * What is wrong with a blob's key, as the end of a sentence; undefined where nothing is.
 *
 * @param key segments of the characters A-Z a-z 0-9 . _ - with `/` between them, at most 512 characters; no segment is `.` or `..`
 * @example blobKeyProblem('mcp_content/../x') // 'has the segment ".."'
 */
export function blobKeyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (key.length > MAX_KEY) return `has more than ${MAX_KEY} characters`;
  const wrong = key.split('/').find((segment) => !SEGMENT.test(segment));
  return wrong === undefined ? undefined : `has the segment ${JSON.stringify(wrong.slice(0, 100))}`;
}
