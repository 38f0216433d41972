/** Paths in a config that start in its folder. */
import type { ValueCheck } from './shape.js';
import { stringWith } from './shape.js';

/** What would lead out of the folder, or is not the only form of a path. */
const NOT_BELOW = /^$|^\/|^[A-Za-z]:|\\|(^|\/)\.\.?(\/|$)|\/\/|\/$|\0/;

/**
 * A path below the folder of the config file: a config serves only what is beside it. Catalogs in a store have no folder.
 *
 * @param what the kind of thing, for messages: `file`, `folder`
 */
export const pathBelow =
  (what: string, example: string): ValueCheck =>
  (value, run) => {
    if (run.support.files === false)
      return run.list.add(`names a ${what} of this machine, which only a config file may, not a catalog in a store: remove it`);
    stringWith((path) =>
      NOT_BELOW.test(path)
        ? `must be the path of a ${what} below the folder of the config file, such as ${JSON.stringify(example)}`
        : undefined,
    )(value, run);
  };
