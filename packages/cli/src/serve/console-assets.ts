/** The files of the console, which the build has put beside this program. */
import { existsSync } from 'node:fs';

/** Where the files may be, relative to this module: beside the bundle, beside the folder of its chunks, or where this module is a source. */
const PLACES = ['./console/', '../console/', '../../dist/console/'];

/** @returns the folder; undefined: the program was built without the console */
export const findConsole = (): URL | undefined =>
  PLACES.map((place) => new URL(place, import.meta.url)).find((folder) => existsSync(new URL('console.html', folder)));
