/** What `bundle build` leaves out of a bundle. */

/** Never of use to a daemon, or secret. Names of files and folders, in any folder. */
const ALWAYS: readonly string[] = [
  ...['.git', '.hg', '.svn', '.gitignore', '.gitattributes', '.bundleignore'],
  ...['.env', '.env.*', '.npmrc', '.yarnrc', '.netrc', '.pypirc', '.aws', '.ssh'],
  ...['.DS_Store', 'Thumbs.db', '__MACOSX', '.idea', '.vscode'],
  ...['__pycache__', '*.pyc', '.venv', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox'],
  ...['.nyc_output', 'node_modules/.cache', 'node_modules/.bin'],
];

/** A pattern with `/` in it is for the path from the top, any other for a name in any folder. `node_modules/.x` is for any folder too. */
function expressionOf(pattern: string): RegExp {
  const text = pattern.replace(/^\//, '').replace(/\/$/, '');
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (mark) =>
      mark === '**/' ? '(?:.*/)?' : mark === '**' ? '.*' : mark === '*' ? '[^/]*' : '[^/]',
    );
  const isAnchored = pattern.startsWith('/') || (text.includes('/') && !text.startsWith('node_modules/'));
  return new RegExp(`${isAnchored ? '^' : '(?:^|/)'}${source}$`);
}

/** The patterns of a file such as `.bundleignore`: one a line, `#` begins a comment. */
export const patternsOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/**
 * Makes a function that says whether a path is left out.
 *
 * @param patterns more patterns: `*`, `**` and `?` stand for characters; one with `/` is for the path from the top, any other for a
 *   name in any folder
 */
export function leaveOut(patterns: readonly string[]): (path: string) => boolean {
  const expressions = [...ALWAYS, ...patterns].map(expressionOf);
  return (path) => expressions.some((expression) => expression.test(path));
}
