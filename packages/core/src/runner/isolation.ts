/** Where the code of a link runs, if its config does not say. The one place that decides it. */
import type { Isolation, LinkBinding } from '../ports/definition.js';

/** Sources of bundles: their code comes from others than the operator of the server. */
const BUNDLE_SOURCES: readonly unknown[] = ['zip', 's3'];

/**
 * The isolation of a link: what its config says, else `process` for bundles and for other languages than JavaScript, and `none` for
 * files and packages that the operator installed.
 */
export function isolationOf({ isolation, runtime, source }: Pick<LinkBinding, 'isolation' | 'runtime' | 'source'>): Isolation {
  if (isolation !== undefined) return isolation;
  return runtime === 'python' || BUNDLE_SOURCES.includes(source) ? 'process' : 'none';
}
