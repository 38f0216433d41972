/** The catalogs of a daemon that answers from fixtures. */
import { andThen } from '../base/awaitable.js';
import type { CatalogSourceOptions } from '../catalog/source-of.js';
import type { CatalogSource } from '../ports/catalogs.js';
import type { Fixtures } from '../ports/fixtures.js';

/** A source whose functions answer from fixtures. It may be of a class, so its methods are called on it. */
function playedSource(source: CatalogSource, fixtures: Fixtures): CatalogSource {
  const { keepMs } = source;
  const watch = source.watch?.bind(source);
  const refresh = source.refresh?.bind(source);
  const stats = source.stats?.bind(source);
  return {
    load: (partition) => andThen(source.load(partition), (found) => (found === undefined ? undefined : fixtures.play(found))),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(watch === undefined ? {} : { watch }),
    ...(refresh === undefined ? {} : { refresh }),
    ...(stats === undefined ? {} : { stats }),
    close: () => source.close?.(),
  };
}

/** The options of a daemon that name its catalogs, with functions that answer from fixtures. Default: the catalog of the fixtures. */
export function withFixtures({ catalog, catalogs }: CatalogSourceOptions, fixtures: Fixtures): CatalogSourceOptions {
  if (catalogs !== undefined)
    return { catalogs: playedSource(catalogs, fixtures), ...(catalog === undefined ? {} : { catalog }) }; // both are a mistake
  return { catalog: catalog === undefined ? fixtures.catalog : fixtures.play(catalog) };
}
