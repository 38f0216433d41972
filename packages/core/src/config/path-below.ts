/** Paths in a config that start in its folder. */
import type { ValueCheck } from './shape.js';
import { stringWith } from './shape.js';

/** What would lead out of the folder, or is not the only form of a path. */
const NOT_BELOW = /^$|^\/|^[A-Za-z]:|\\|(^|\/)\.\.?(\/|$)|\/\/|\/$|\0/;

/**
 * A path below a folder.
 *
 * @param where the kind of thing and its folder, for messages: `a file below the folder of the config file`
 */
export const relativePath = (where: string, example: string): ValueCheck =>
  stringWith((path) => (NOT_BELOW.test(path) ? `must be the path of ${where}, such as ${JSON.stringify(example)}` : undefined));

/**
 * A path below the folder of the config file: a config serves only what is beside it. Catalogs in a store have no folder.
 *
 * @param what the kind of thing, for messages: `file`
 */
export function pathBelow(what: string, example: string): ValueCheck {
  const check = relativePath(`a ${what} below the folder of the config file`, example);
  return (value, run) => {
    if (run.support.files !== false) return check(value, run);
    run.list.add(`names a ${what} of this machine, which only a config file may, not a catalog in a store: remove it`);
  };
}
