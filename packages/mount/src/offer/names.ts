/** Which functions of a mounted server are served, and under which names. */

/** Whether a name matches one of these, where `*` stands for any text. */
function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [first = '', ...rest] = pattern.split('*');
    if (rest.length === 0) return name === pattern;
    const last = rest.pop() ?? '';
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found === -1 || found + part.length > name.length - last.length) return false;
      at = found + part.length;
    }
    return true;
  });
}

/**
 * Whether a function is served.
 *
 * @param name as its server spells it
 * @param allow absent: all
 */
export function isServed(name: string, { allow, deny }: { allow?: readonly string[]; deny?: readonly string[] }): boolean {
  return (allow === undefined || matches(name, allow)) && (deny === undefined || !matches(name, deny));
}

/** The longest name that is served. Clients refuse longer ones, and with them sometimes the whole list. */
const MAX_NAME = 128;

/** Why a name cannot be served; undefined: it can. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'its name is no text';
  if (name === '') return 'its name is empty';
  if (name.length > MAX_NAME) return `its name has more than ${MAX_NAME} characters`;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'its name has control characters';
  return undefined;
}
