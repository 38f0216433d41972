/** Packages of the Python engine's clients: bundles that are uploaded, and the configs that they carry. */
import type { ConfigDocument } from '@mcp-daemon/core';
import { bundleNameProblem, ConfigError, DaemonError, inspectConfigText, placeInBundle } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { Context, PackageOperators } from '../reading/context.js';

/** Seconds that a URL for an upload can be used, as in the Python engine. */
export const UPLOAD_SECONDS = 900;

/** The bundles of the daemon. @throws ApiError `NOT_AVAILABLE` if it has none */
export function packagesOf({ operators }: Context): PackageOperators {
  if (operators.packages !== undefined) return operators.packages;
  throw new ApiError(
    'NOT_AVAILABLE',
    'This daemon has no place for bundles: set FUNCT_BUCKET_NAME, or FUNCT_ZIP_PATH for a folder of bundles.',
  );
}

/** @throws ApiError `BAD_USER_INPUT` if no bundle can have the name */
export function checkPackageName(name: string): string {
  const problem = bundleNameProblem(name);
  if (problem !== undefined) throw new ApiError('BAD_USER_INPUT', `The name of a package ${problem}.`);
  return name;
}

/** Runs work on bundles. Administrators get the reasons of its failures. */
export async function onBundles<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    if (error.code === 'module_failed') throw new ApiError('BAD_USER_INPUT', error.message);
    if (error.code === 'module_not_found') throw new ApiError('NOT_FOUND', error.message);
    throw error;
  }
}

/** What is read of a bundle. */
export interface BundleToLoad {
  name: string;
  bytes: Uint8Array;
  /** The module that the client has named; it must be in the config. */
  moduleName: string | null | undefined;
}

/**
 * The config that a bundle carries, with the bundle as the place of its code.
 *
 * @throws ApiError `BAD_USER_INPUT` if the bundle is refused, or carries no config; ConfigError with the mistakes of the config
 */
export async function documentOfBundle(
  packages: PackageOperators,
  { name, bytes, moduleName }: BundleToLoad,
): Promise<ConfigDocument> {
  const text = await onBundles(() => packages.configOf(bytes, moduleName ?? name));
  if (text === undefined)
    throw new ApiError(
      'BAD_USER_INPUT',
      'The bundle has neither mcp_configuration.json nor code in Python with MCP_CONFIGURATION: write that file, or give the config as mcpConfiguration.',
    );
  const { document, mistakes } = inspectConfigText(text, { support: { settingIds: true } });
  if (document === undefined) throw new ConfigError(mistakes);
  const placed = placeInBundle(document, { name, source: packages.source });
  if (typeof moduleName === 'string' && !(placed.modules ?? []).some(({ module_name }) => module_name === moduleName))
    throw new ApiError('BAD_USER_INPUT', `The config of the bundle has no module "${moduleName}".`);
  return placed;
}

/** The bytes of a bundle that was uploaded. @throws ApiError `NOT_FOUND` */
export const fetchBundle = (packages: PackageOperators, name: string): Promise<Uint8Array> =>
  onBundles(() => packages.fetch(checkPackageName(name)));
